"""The real-or-fake test as people take it: by keys, by touch, with reloads and pauses, until the tally."""

import time

import human_answers
import pytest

from ganeval.human.tally import tally

FIXATION = 500  # milliseconds, as the page has it
PHONE = {"viewport": {"width": 400, "height": 780}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
ANSWERABLE = "#picture:visible, #mask:visible"
WATCH = """window.history_of_stage = [];
new MutationObserver(() => {
    const on = [...document.querySelectorAll("#stage > *")].filter(one => !one.hidden).map(one => one.id).join();
    if (on !== window.history_of_stage.at(-1)) window.history_of_stage.push(on);
}).observe(document.getElementById("stage"), {subtree: true, attributes: true});"""
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
HIDE_AT_THE_LOOK = f"""() => {{
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (one) {{
        if (one.looks === 1) {{
            IDBObjectStore.prototype.put = put;
            ({HIDE})(true); // the look is being stored, the picture does not show yet
        }}
        return put.call(this, one);
    }};
}}"""
NEWER = """name => new Promise(done => {
    indexedDB.open(name, 7).onsuccess = event => { event.target.result.close(); done(); };
})"""
PRESSED = """keys => {
    for (const key of keys) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
}"""  # nothing comes between them
NO_STORAGE = (
    "Object.defineProperty(window, 'indexedDB', {get() { throw new DOMException('denied', 'SecurityError'); }})"
)
STORED = """([name, rows]) => new Promise((done, failed) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
        const doing = opening.result.transaction("sittings", "readwrite"), store = doing.objectStore("sittings");
        if (rows) store.clear();
        for (const row of rows || []) store.put(row);
        const asked = store.getAll();
        doing.oncomplete = () => { opening.result.close(); done(asked.result); };
    };
})"""  # what the page has stored, replaced by `rows` where they are given


@pytest.fixture
def test_page(tmp_path):
    """A test of four images, each shown until it is answered, and its plan."""
    return human_answers.write_test(tmp_path, n=4, seconds=0)


def stored(page, plan, rows=None):
    """The sittings that the browser has stored, or is made to."""
    return page.evaluate(STORED, [f"ganeval-human-{plan.id}", rows])


def stored_answers(page, plan):
    """What the browser has stored of the only sitting."""
    return stored(page, plan)[0]["answers"]


def wait_for_sittings(page, lines):
    """Until the first page lists these: what another page stored reaches it a moment later."""
    listed = "[...document.querySelectorAll('#sittings li')].map(one => one.textContent)"
    page.wait_for_function(f"lines => JSON.stringify({listed}) === JSON.stringify(lines)", arg=lines)


def overflow(page):
    """How many CSS pixels stick out to the right."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def press(page, choices, keys):
    """Answer these images by keys, each once it can be answered."""
    for choice in choices:
        page.wait_for_selector(ANSWERABLE)
        page.keyboard.press(keys[choice])


def downloaded(page, path, trigger):
    """What the page saves when `trigger` is called: its name, and the file at `path`."""
    with page.expect_download() as download:
        trigger()
    download.value.save_as(path)
    return download.value.suggested_filename


@pytest.mark.slow
def test_by_keys_alone_with_a_reload_on_the_way(browser_page, test_page, tmp_path):
    path, plan = test_page
    page = browser_page.open(path)
    page.keyboard.press("Tab")
    page.keyboard.type("Ada Ö/1")
    page.keyboard.press("Enter")
    answers = human_answers.right(plan)
    press(page, answers[:2], {"fake": "ArrowLeft", "real": "ArrowRight"})
    page.wait_for_selector("#picture:visible")  # the third was seen, and not answered
    browser_page.open(path)
    wait_for_sittings(page, ["Ada Ö/1: 2 of 4Resume Space"])
    page.keyboard.press("Space")
    assert page.inner_text("#count") == "3 of 4"
    press(page, answers[2:], {"fake": "f", "real": "R"})
    page.wait_for_selector("#end:visible")
    assert page.inner_text("#answered") == "4"
    name = downloaded(page, tmp_path / "a.json", lambda: page.keyboard.press("Enter"))  # its button has the focus
    assert name == f"answers-{plan.id[:8]}-Ada-Ö-1.json"
    assert page.input_value("#text") == (tmp_path / "a.json").read_text("utf-8")
    found = tally([tmp_path / "a.json"])
    assert found.plan == plan
    assert (found.people[0].name, found.pooled.errors.wrong) == ("Ada Ö/1", 0)
    assert [answer.looks for answer in found.people[0].answers] == [1, 1, 2, 1]
    browser_page.check()


@pytest.mark.slow
def test_by_touch_on_a_phone_and_always_real(open_page, test_page, tmp_path):
    path, _ = test_page
    phone = open_page(**PHONE)
    page = phone.open(path)
    assert overflow(page) <= 0
    page.tap("#start")
    for _ in range(4):
        page.wait_for_selector(ANSWERABLE)
        assert overflow(page) <= 0
        borders = page.eval_on_selector_all("#real, #fake", "all => all.map(one => getComputedStyle(one).borderColor)")
        assert len(set(borders)) == 1  # the one that was pressed last does not stay lit
        page.tap("#real")
    page.wait_for_selector("#end:visible")
    page.tap("summary")
    assert overflow(page) <= 0
    downloaded(page, tmp_path / "a.json", lambda: page.tap("#save"))
    pooled = tally([tmp_path / "a.json"]).pooled
    assert (pooled.errors.value, pooled.fakes_as_real.value, pooled.reals_as_fake.value) == (0.5, 1.0, 0.0)
    page.tap("#next")
    wait_for_sittings(page, ["Somebody: finishedSave"])  # nothing is lost
    assert overflow(page) <= 0
    phone.check()


@pytest.mark.slow
def test_a_mask_replaces_the_image_and_the_time_counts_from_its_first_frame(browser_page, tmp_path):
    path, plan = human_answers.write_test(tmp_path, n=2, seconds=0.3)
    page = browser_page.open(path)
    page.evaluate(WATCH)
    start = time.perf_counter()
    page.evaluate(PRESSED, [" ", "ArrowLeft"])  # the second before there is anything to see: no answer
    page.wait_for_selector("#mask:visible")
    assert page.inner_text("#count") == "1 of 2"
    assert page.evaluate("window.history_of_stage") == ["cross", "picture", "mask"]
    page.wait_for_timeout(200)
    page.keyboard.press("ArrowLeft")
    whole = 1000 * (time.perf_counter() - start)
    (first,) = stored_answers(page, plan)
    assert 480 <= first["ms"] <= whole - FIXATION + 20  # 300 seen and 200 waited; the cross is no part of it
    assert (first["answer"], first["looks"]) == ("fake", 1)


@pytest.mark.slow
def test_without_a_limit_an_image_stays_until_it_is_answered(browser_page, test_page):
    path, plan = test_page
    page = browser_page.open(path)
    page.evaluate(WATCH)
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.history_of_stage") == ["cross", "picture"]
    page.keyboard.press("r")
    assert stored_answers(page, plan)[0]["ms"] >= 1500


@pytest.mark.slow
def test_a_hidden_tab_pauses_and_takes_no_time(browser_page, test_page):
    path, plan = test_page
    page = browser_page.open(path)
    start = time.perf_counter()
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    page.evaluate(HIDE, True)
    assert page.is_visible("#pause")
    assert not page.is_visible("#picture")
    page.wait_for_timeout(1000)
    page.keyboard.press("ArrowLeft")  # no answer to what is not seen
    assert page.inner_text("#count") == "1 of 4"
    page.evaluate(HIDE, False)
    page.keyboard.press("Space")
    assert page.is_visible("#picture")
    page.keyboard.press("ArrowLeft")
    whole = 1000 * (time.perf_counter() - start)
    assert stored_answers(page, plan)[0]["ms"] <= whole - FIXATION - 1000 + 20
    browser_page.check()


@pytest.mark.slow
def test_a_held_key_answers_one_image_and_the_browsers_own_keys_none(browser_page, test_page):
    page = browser_page.open(test_page[0])
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    page.keyboard.press("Alt+ArrowRight")
    assert page.inner_text("#count") == "1 of 4"
    page.keyboard.down("ArrowLeft")
    page.wait_for_selector("#picture:visible")
    for _ in range(3):
        page.keyboard.down("ArrowLeft")  # what a held key sends again and again
    assert page.inner_text("#count") == "2 of 4"


@pytest.mark.slow
def test_without_storage_the_test_works_with_a_warning(open_page, test_page, tmp_path):
    path, plan = test_page
    watched = open_page()
    watched.page.add_init_script(NO_STORAGE)
    page = watched.open(path)
    page.wait_for_selector("#unkept:visible")
    page.keyboard.press("Space")
    press(page, human_answers.with_errors(plan, 2, 2), {"fake": "ArrowLeft", "real": "ArrowRight"})
    page.wait_for_selector("#end:visible")
    assert page.inner_text("#saved") == ""  # nothing is stored, so the page does not claim it
    name = downloaded(page, tmp_path / "a.json", lambda: page.click("#save"))
    assert len(name) == len(f"answers-{plan.id[:8]}-123456.json")  # nobody gave a name
    assert tally([tmp_path / "a.json"]).pooled.errors.value == 1
    watched.check()


@pytest.mark.slow
def test_tabs_lose_nothing_of_one_another(browser_page, test_page):
    path, _ = test_page
    first = browser_page.open(path)
    second, idle = (first.context.new_page() for _ in range(2))
    for page in (second, idle):
        page.goto(path.as_uri())
    for page, who in ((first, "Ada"), (second, "Ben")):
        page.bring_to_front()
        page.fill("#who", who)
        page.keyboard.press("Enter")
        press(page, ["fake"], {"fake": "ArrowLeft"})
    first.bring_to_front()
    first.reload()
    for page in (first, idle):  # the one that was begun last is gone on with by the space bar
        wait_for_sittings(page, ["Ada: 1 of 4Resume", "Ben: 1 of 4Resume Space"])


@pytest.mark.slow
def test_what_another_tab_stores_leaves_a_name_that_is_being_typed(browser_page, test_page):
    page = browser_page.open(test_page[0])
    other = page.context.new_page()
    other.goto(test_page[0].as_uri())
    page.fill("#who", "Ada")
    other.keyboard.press("Space")
    other.wait_for_selector("#picture:visible")
    wait_for_sittings(page, ["Somebody: 0 of 4Resume Space"])
    assert page.input_value("#who") == "Ada"


@pytest.mark.slow
def test_images_are_scaled_by_whole_numbers_of_dots(open_page, test_page):
    path, _ = test_page
    for ratio in (1, 1.5, 2):
        page = open_page(device_scale_factor=ratio).open(path)
        page.keyboard.press("Space")
        page.wait_for_selector("#picture:visible")
        dots = page.evaluate("document.getElementById('picture').getBoundingClientRect().width * devicePixelRatio / 8")
        assert dots == pytest.approx(round(dots), abs=1e-3)
        assert dots >= 10
        style = page.evaluate("getComputedStyle(document.getElementById('picture')).imageRendering")
        assert style == "pixelated"


@pytest.mark.parametrize("size", [(1280, 900), (400, 780), (780, 360), (320, 568)])
def test_image_and_buttons_are_on_one_screen(open_page, test_page, size):
    page = open_page(viewport={"width": size[0], "height": size[1]}).open(test_page[0])
    page.keyboard.press("Space")
    page.wait_for_selector("#trial:visible")
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1]
    assert overflow(page) <= 0


def contrast(page, selector):
    """The contrast of a text with the page behind it, as WCAG has it."""
    code = "one => getComputedStyle(document.querySelector(one))"
    colours = [page.evaluate(f"({code})('{selector}').color"), page.evaluate(f"({code})('body').backgroundColor")]
    lights = sorted(luminance([int(part) for part in colour[4:-1].split(",")]) for colour in colours)
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour):
    parts = [part / 255 for part in colour]
    red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_is_readable_in_light_and_dark(open_page, test_page, scheme, dark):
    page = open_page(color_scheme=scheme).open(test_page[0])
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance([int(part) for part in paper[4:-1].split(",")]) < 0.5) == dark
    assert contrast(page, "h1") >= 7
    assert contrast(page, "footer") >= 4.5
    assert contrast(page, "#unkept") >= 4.5


@pytest.mark.slow
def test_a_screen_reader_announces_the_position(browser_page, test_page):
    page = browser_page.open(test_page[0])
    assert page.get_by_role("heading", name="Real or fake?").is_visible()
    assert page.get_by_label("Your name or initials").is_visible()
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    assert page.inner_text("[aria-live]") == "Image 1 of 4"
    assert page.get_by_role("button", name="Fake").get_attribute("aria-disabled") == "false"
    assert page.get_by_role("progressbar", name="Images answered").is_visible()
    assert page.evaluate("document.activeElement.id") == "trial"


@pytest.mark.slow
@pytest.mark.parametrize("damage", [{}, {"answers": 7, "looks": 1}, {"answers": [0] * 99, "looks": 1}])
def test_a_damaged_sitting_is_ignored(browser_page, test_page, damage):
    path, plan = test_page
    page = browser_page.open(path)
    sound = {"sitting": "b", "who": "Ben", "begun": "2026-01-31T12:00:00.000Z", "answers": [], "looks": 1}
    stored(page, plan, [{"sitting": "a", **damage}, sound])
    page.reload()
    wait_for_sittings(page, ["Ben: 0 of 4Resume Space"])
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    browser_page.check()


@pytest.mark.slow
def test_a_database_of_another_format_is_a_warning(browser_page, test_page):
    path, plan = test_page
    other = path.with_name("other.html")
    other.write_text("another page")
    browser_page.open(other).evaluate(NEWER, f"ganeval-human-{plan.id}")
    page = browser_page.page
    browser_page.open(path)
    page.wait_for_selector("#unkept:visible")
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    browser_page.check()


@pytest.mark.slow
def test_a_look_that_is_not_stored_yet_does_not_count_when_the_tab_is_hidden(browser_page, test_page):
    path, plan = test_page
    page = browser_page.open(path)
    page.evaluate(HIDE_AT_THE_LOOK)
    page.keyboard.press("Space")
    page.wait_for_selector("#pause:visible")
    page.evaluate(HIDE, False)
    page.keyboard.press("Space")
    page.wait_for_selector("#picture:visible")
    page.keyboard.press("ArrowLeft")
    assert stored_answers(page, plan)[0]["looks"] == 1
