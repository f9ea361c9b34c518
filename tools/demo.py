"""Walks through the main job of `ticket` in a real repository, and shows each step.

    python3 dev.py demo              make a repository, work in it, show it in a browser, remove it
    python3 dev.py demo --keep       leave it there to try things in
    python3 dev.py demo --no-serve   end when everything was shown, as it does without a terminal

Everything that is shown is really run, by the installed command and the user's own Git, and
every answer is checked: the first surprise ends the demo with status 1. Two people (ada and
grace) and two agents work on a small program; the only thing made up is who they are.
"""

from __future__ import annotations

import argparse
import http.client
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

WIDTH = 80
GIT_SETTINGS = """\
[user]
\tname = Ada
\temail = ada@example.org
[init]
\tdefaultBranch = main
[core]
\tpager = cat
[commit]
\tgpgSign = false
[advice]
\tdetachedHead = false
"""


class Surprise(Exception):
    """A step did something else than the demo says; the text tells what was expected."""


class Stage:
    """A repository, and a way to run commands in it so that a reader can follow.

    Args:
        folder: where the repository lies.
        command: the `ticket` to be shown; the Python beside it has what the command needs.
        home: an empty folder, so that nobody's Git settings change what happens.
    """

    def __init__(self, folder: Path, command: Path, home: Path) -> None:
        self.folder = folder
        self.python = command.with_name("python")
        (home / "gitconfig").write_text(GIT_SETTINGS, "utf-8")
        self.variables = {
            "PATH": os.pathsep.join([str(command.parent), os.environ.get("PATH", os.defpath)]),
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": str(WIDTH),
            "TICKET_ACTOR": "human:ada",
        }

    def tell(self, title: str, text: str) -> None:
        """Prints what comes next and why."""
        print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n## {title}")
        print(textwrap.fill(text, WIDTH) + "\n", flush=True)

    def run(
        self, line: str, *, expect: str = "", status: int = 0, actor: str = "", sits: bool = False
    ) -> str:
        """Types a line as a user would, shows it with its output, and checks the answer.

        Args:
            line: words of a shell without its operators, or with `<<` before standard input.
            expect: a regular expression that the output has to contain.
            status: how it has to end.
            actor: who types, if that is not Ada.
            sits: whether at a terminal.

        Returns:
            The output; standard error stands behind standard output.

        Raises:
            Surprise: if status or output is another.
        """
        words, _, given = line.partition(" << ")
        variables = self.variables | ({"TICKET_ACTOR": actor} if actor else {})
        shown = f"TICKET_ACTOR={actor} {words}" if actor else words
        print(f"$ {shown}" + (f" <<'END'\n{given}END" if given else ""), flush=True)
        terminal = pty.openpty() if sits else ()
        standard_input = {"stdin": terminal[1]} if terminal else {"input": given}
        answer = subprocess.run(
            shlex.split(words),
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            **standard_input,
        )
        for descriptor in terminal:
            os.close(descriptor)
        print(answer.stdout, end="", flush=True)
        if answer.returncode:
            print(f"(exit status {answer.returncode})")
        if answer.returncode != status:
            raise Surprise(f"`{words}` was expected to end with status {status}")
        if not re.search(expect, answer.stdout):
            raise Surprise(f"`{words}` was expected to answer {expect!r}")
        return answer.stdout

    def start(self, words: list[str], actor: str) -> subprocess.Popen[str]:
        """Starts a program of somebody else's that goes on while others type."""
        variables = self.variables | {"TICKET_ACTOR": actor}
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def hear(self, program: subprocess.Popen[str], expect: str) -> str:
        """Shows what such a program says until it says what is expected; returns the first group of that.

        Raises:
            Surprise: if it ends before.
        """
        assert program.stdout is not None
        for line in program.stdout:
            print(line, end="", flush=True)
            found = re.search(expect, line)
            if found:
                return found[1] if found.groups() else found[0]
        raise Surprise(f"the agent was expected to say {expect!r}")

    def answer(self, line: str, expect: str) -> str:
        """Returns the first group of what a command answers, without showing either."""
        told = subprocess.run(
            shlex.split(line),
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        found = re.search(expect, told.stdout)
        if found is None:
            raise Surprise(f"`{line}` was expected to answer {expect!r}")
        return found[1]

    def new(self, line: str) -> str:
        """Runs a `ticket new` and returns the display id of the ticket."""
        created = re.match(r"Created (\S+)", self.run(line, expect=r"\ACreated \S+"))
        assert created
        return created[1].rstrip(":,.")

    def write(self, name: str, content: str) -> None:
        """Writes a file, shown as one would type it."""
        print(f"$ cat > {name} <<'END'\n{content}END")
        (self.folder / name).write_text(content, "utf-8")


def set_up(stage: Stage) -> None:
    """Makes a Git repository with a small program in it."""
    stage.tell("A repository", "Tickets live in the repository of the work itself. Here is a small one.")
    keys = Path(stage.variables["HOME"], ".ssh")
    keys.mkdir(mode=0o700)
    subprocess.run([stage.python, Path(__file__).with_name("person_key.py"), keys / "id_ed25519"], check=True)
    stage.run("git init --quiet .")
    stage.write("greet.py", 'print("Hello")\n')
    stage.run("git add greet.py")
    stage.run("git commit --quiet --message 'greet: say hello'")
    stage.run("ticket init")


def plan(stage: Stage) -> tuple[str, str, str]:
    """Writes tickets down and looks at them; returns the ids of three."""
    stage.tell("Write down what there is to do", "Each ticket is a Markdown file, and each change a commit.")
    names = stage.new("ticket new 'Greet people by name' --state ready --priority p1 --label feature")
    stage.new(f"ticket new 'Publish version 1.0' --blocked-by {names} --label release")
    languages = stage.new("ticket new 'Greet in French: « Salut »' --state ready --label feature")
    crash = stage.new("ticket new 'Crash on empty name' --state ready --label bug --body 'Seen once.'")
    stage.run("ticket list", expect="Greet people by name")
    stage.run("ticket ready", expect="Crash on empty name")
    stage.run(f"ticket show {names}", expect="title: Greet people by name")
    return names, languages, crash


def work(stage: Stage, names: str) -> None:
    """An agent takes a ticket, another is refused it, and the work is done and committed."""
    stage.tell("An agent takes the next ticket", "A claim is won by one. The other learns who has it.")
    stage.run("ticket next", expect=names)
    stage.run(f"ticket claim {names}", actor="agent:builder", expect=names)
    stage.run(f"ticket claim {names}", actor="agent:latecomer", status=10, expect="agent:builder")

    stage.tell("It does the work on a branch", "The branch is named after the ticket.")
    stage.run(f"ticket branch {names} --checkout", expect="greet-people-by-name")
    stage.write("greet.py", 'import sys\n\nprint("Hello", *sys.argv[1:])\n')
    stage.run(f"git commit --quiet --all --message 'greet: by name ({names})'")
    gate(stage, names)
    stage.run("git switch --quiet main")
    stage.run("git merge --quiet --no-edit -")

    stage.tell("What happened to that ticket?", "The history is Git's own.")
    stage.run(f"ticket log {names}", expect="done")
    stage.run(f"ticket diff {names} HEAD~2", expect="state: done")
    stage.run("ticket search 'seen once'", expect="Crash on empty name")


def gate(stage: Stage, names: str) -> None:
    """The agent proposes over MCP and waits; a person decides in another process; a forbidden try is refused."""
    stage.tell(
        "The agent says that it is done, and a person is asked",
        "The ticket is urgent, so the built-in policy asks. The agent speaks MCP by the official client, proposes, "
        "and waits for the answer.",
    )
    tool, command = Path(__file__).with_name("agent.py"), stage.python.with_name("ticket")
    words = [stage.python, tool, command, names, "greets by name; tried with two names"]
    agent = stage.start([str(word) for word in words], actor="agent:builder")
    try:
        proposal = stage.hear(agent, r"proposed (P-\S+): pending")
        stage.run("ticket inbox", expect=proposal[:8])
        stage.run(f"ticket proposal show {proposal}", expect=r"\+state: done")

        stage.tell("Another agent approves it, and cannot", "Neither an agent nor a key nor MCP can decide.")
        stage.run(f"ticket approve {proposal}", actor="agent:latecomer", status=9, expect="people do")

        stage.tell(
            "Ada approves exactly what she saw",
            "Her SSH key signs the decision. She has vouched for it once, at a terminal.",
        )
        public = shlex.quote(stage.variables["HOME"] + "/.ssh/id_ed25519.pub")
        stage.run(f"ticket person add human:ada --key {public}", sits=True, expect="Registered human:ada")
        digest = stage.answer(f"ticket proposal show {proposal} --json", r'"digest":"(\w{12})')
        stage.run(
            f"ticket approve {proposal} --digest {digest} --sign --note 'tried it, works'",
            expect=r"(?i)approved",
        )
        stage.hear(agent, f"{proposal} is applied")
    finally:
        agent.terminate()
        agent.wait()
    stage.run("git log -1 --format=%B", expect="Ticket-Approved-By: human:ada")
    stage.run("ticket trace refused/agent/latecomer", expect="proposal.approve")


def merge(stage: Stage, languages: str, crash: str) -> None:
    """Two branches change the same tickets and are merged by plain Git."""
    stage.tell("Two branches change the same ticket", "Git merges tickets field by field.")
    stage.run("git switch --quiet --create grace")
    stage.run(f"ticket assign {crash} human:grace", actor="human:grace", expect=crash)
    stage.run(f"ticket edit {crash} --label +urgent", actor="human:grace", expect=crash)
    stage.new("ticket new 'Greet in Greek' --label feature")
    stage.run("git switch --quiet main")
    stage.run(f"ticket edit {crash} --priority p0 --label +core", expect=crash)
    stage.run(f"ticket start {languages}", expect=f"Moved {languages} to in_progress")
    stage.run("git merge --no-edit grace", expect="Merge made")
    stage.run(f"ticket show {crash}", expect="urgent")


def care(stage: Stage, languages: str) -> None:
    """Many changes at once, a check of everything, an error with its hint, and a way back."""
    stage.tell("Many changes, one commit", "What a program has to say comes as JSON lines.")
    lines = [
        f'{{"op": "assign", "id": "{languages}", "actor": "human:ada"}}',
        f'{{"op": "move", "id": "{languages}", "state": "blocked"}}',
        '{"op": "new", "title": "Greet in Finnish", "labels": ["feature"]}',
    ]
    stage.run("ticket batch << " + "".join(f"{line}\n" for line in lines))
    stage.run("git log --oneline -1", expect=r"ticket: \d changes")

    stage.tell("Nothing is wrong, and what is wrong says so", "Errors name the next command to type.")
    stage.run("ticket validate --all", expect="Validation passed")
    stage.run(f"ticket done {languages}", status=6, expect="(?m)^hint: ")
    stage.run(f"ticket move {languages} in_progress", expect="to in_progress")

    stage.tell("The way back", "A change that nobody has seen yet can be taken back.")
    stage.run(f"ticket done {languages}", expect=f"Moved {languages} to done")
    stage.run("ticket undo")
    stage.run("ticket list --state in_progress", expect="Salut")
    stage.run("git status --short", expect=r"\A\Z")


def prove(stage: Stage, names: str) -> None:
    """Shows what the ledger says of a ticket, and that a rewritten copy of it is found out."""
    stage.tell(
        "Who asked, who did it, in which order?",
        "Each change has left receipts in the clone's ledger: hashed, linked, signed, and witnessed by the "
        "commits in Git.",
    )
    stage.run(f"ticket trace {names}", expect="agent:builder")
    stage.run("ticket ledger checkpoint")
    stage.run("ticket ledger verify", expect="Sound")

    stage.tell(
        "Somebody rewrites a copy of the ledger",
        "With SQL, and with everything out of the way that the database itself has against it.",
    )
    stage.run("cp -R .git/counterfoil ../copy")
    python = shlex.quote(str(stage.python))
    tool = shlex.quote(str(Path(__file__).with_name("tamper.py")))
    stage.run(f"{python} {tool} ../copy/ledger.db agent:builder agent:latecomer", expect="agent:latecomer")
    stage.run("ticket ledger verify --data-dir ../copy", status=11, expect="(?m)^error: ")
    stage.run("ticket ledger verify --quiet")


def see(stage: Stage, crash: str, *, stays: bool) -> None:
    """Opens the dashboard; somebody at a terminal looks at it for as long as they like.

    Args:
        stage: the repository.
        crash: an urgent ticket, on whose end an agent has to wait for a person.
        stays: whether the server goes on until Ctrl-C; else it is asked for two pages, and ends.
    """
    stage.tell(
        "See all of it in a browser",
        "An agent leaves something that waits for Ada. The server is one command; a link, for which Ada's key signs, "
        "opens the door once.",
    )
    stage.run(f"ticket start {crash}", expect=crash)
    stage.run(f"ticket done {crash}", actor="agent:builder", status=9, expect="P-")
    print("$ ticket serve --port 0 &", flush=True)
    command = str(stage.python.with_name("ticket"))
    server = stage.start([command, "serve", "--port", "0", "--quiet"], actor="human:ada")
    try:
        url = stage.hear(server, r"Serving on (\S+)")
        told = stage.run("ticket session link --sign", expect=r"/sign-in\?code=")
        if stays:
            print("\nOpen that link. Ctrl-C here ends the server and the demo.", flush=True)
            server.wait()
        else:
            look(stage, url, told)
    except KeyboardInterrupt:
        print()
    finally:
        server.terminate()
        server.wait()


def look(stage: Stage, url: str, told: str) -> None:
    """Signs in by the link as a browser does, and makes sure that board and inbox show what there is.

    Raises:
        Surprise: if they do not.
    """
    link = re.search(r"http://\S+/sign-in\?code=\S+", told)
    assert link
    code = parse_qs(urlsplit(link[0]).query)["code"][0]
    kept = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    kept.request("POST", "/sign-in", urlencode({"code": code, "to": "/"}), form)
    answer = kept.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    for place, wanted in (
        (f"board/{stage.folder.name}", "Crash on empty name"),
        ("inbox", "Crash on empty name"),
    ):
        kept.request("GET", f"/{place}", headers={"Cookie": cookie})
        page = kept.getresponse()
        text = page.read().decode()
        if page.status != 200 or wanted not in text:
            raise Surprise(f"{url}{place} was expected to show {wanted!r}, and answered {page.status}")
        print(f"{url}{place} shows {wanted!r}")
    kept.close()
    print("\nAt a terminal the server goes on until Ctrl-C, so that you can look yourself.")


def farewell(stage: Stage, keep: bool) -> None:
    """Says where the repository lies and what could be tried in it."""
    ticket = shlex.quote(str(Path(stage.variables["PATH"].split(os.pathsep)[0], "ticket")))
    place = shlex.quote(str(stage.folder))
    if not keep:
        print(f"\nDone. The repository was {place}, and is removed.")
        print("To try things yourself: python3 dev.py demo --keep")
        return
    print(f"\nDone. The repository is {place}. Try next:\n")
    print(f"  cd {place}")
    print(f"  alias ticket={ticket}")
    print("  ticket list --format kanban")
    print("  ticket new 'Something of mine' && ticket edit TK-…")
    print("  ticket prime                 # what an agent reads first")
    print("  ticket doctor")
    print("  ticket ledger tail")
    print("  git log --stat")


def main() -> int:
    """Reads the command line and gives the demo."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ticket", type=Path, required=True, help="the installed command")
    parser.add_argument("--keep", action="store_true", help="leave the repository where it is")
    parser.add_argument(
        "--no-serve", action="store_true", help="do not wait for somebody to look at the dashboard"
    )
    options = parser.parse_args()
    stays = sys.stdin.isatty() and sys.stdout.isatty() and not options.no_serve
    place = Path(tempfile.mkdtemp(prefix="counterfoil-demo-")).resolve()
    kept = options.keep
    try:
        (place / "home").mkdir()
        (place / "greeter").mkdir()
        stage = Stage(place / "greeter", options.ticket.absolute(), place / "home")
        set_up(stage)
        names, languages, crash = plan(stage)
        work(stage, names)
        merge(stage, languages, crash)
        care(stage, languages)
        prove(stage, names)
        see(stage, crash, stays=stays)
        farewell(stage, kept)
    except Surprise as surprise:
        kept = True
        sys.stdout.flush()
        print(f"\nerror: {surprise}\nhint: look at {shlex.quote(str(place))}", file=sys.stderr)
        return 1
    finally:
        if not kept:
            shutil.rmtree(place, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
