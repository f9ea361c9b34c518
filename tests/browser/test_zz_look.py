import pytest
from browser.harness import accessibility_faults, overflow
OUT="/tmp/inbox/shots"
@pytest.mark.parametrize("width,theme",[(1280,"light"),(390,"light"),(1280,"dark"),(390,"dark")])
def test_look(stage, seats, width, theme):
    import os; os.makedirs(OUT,exist_ok=True)
    seat=seats(stage, viewport={"width":width,"height":844 if width<500 else 900}, color_scheme=theme).sign_in()
    page=seat.go("/inbox"); page.wait_for_timeout(200)
    page.screenshot(path=f"{OUT}/inbox-{width}-{theme}.png", full_page=True)
    print(width,theme,"overflow",overflow(page)); print("axe","\n".join(accessibility_faults(page)))
    for n,p in (("edit",stage.scene.waiting[3]),("policy",stage.scene.waiting[4]),("done",stage.scene.decided)):
        page=seat.go(f"/proposals/{stage.slug}/{p}"); page.wait_for_timeout(100)
        page.screenshot(path=f"{OUT}/{n}-{width}-{theme}.png", full_page=True)
        print(n,"overflow",overflow(page)); print("axe","\n".join(accessibility_faults(page)))
    if theme=="light":
        page=seat.go(f"/proposals/{stage.slug}/{stage.scene.waiting[3]}/edit"); page.screenshot(path=f"{OUT}/form-{width}.png", full_page=True); print("axe","\n".join(accessibility_faults(page)))
        page=seat.go(f"/proposals/{stage.slug}"); page.screenshot(path=f"{OUT}/list-{width}.png", full_page=True); print("axe","\n".join(accessibility_faults(page)))
    seat.faults and print(seat.faults)
