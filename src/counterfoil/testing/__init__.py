"""What tests of programs built on Counterfoil may use: failing disks, dying processes, a clock to move."""
