"""The worklist's pages, by example: who gets in, what is shown to whom, and what a form does or says."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, select, update
from starlette.routing import Mount, Route

from features import windows
from features.errors import BadInput
from serving.audit.entries import AUDIT
from serving.auth import CARE_MANAGER, Caller, Guard, access
from serving.database import writing
from serving.worklist import accounts, sessions, sign_in, store
from serving.worklist.shield import HEADERS
from serving.worklist.states import Action, State
from serving.worklist.store import Item, Move
from serving.worklist.tables import SESSION
from serving.worklist.web import HERE
from tests.worklists import (
    PASSWORD,
    TODAY,
    Browser,
    application,
    do,
    fields,
    filled_once,
    fresh,
    put,
    quick_hashes,
    signed_in,
)


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)
    monkeypatch.setenv("AFTERWARD_TODAY", windows.iso(TODAY))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Ana calls for River Street, Sam supervises everybody."""
    made = fresh(tmp_path)
    with writing(made) as connection:
        filled_once(connection)
        accounts.add(connection, "ana", "Ana Brook", ["care_manager"], ["River Street"], 2, PASSWORD)
        accounts.add(connection, "sam", "Sam Field", ["care_manager", "supervisor"], (), 20, PASSWORD)
    return made


def _put(engine: Engine, **told: object) -> int:
    with writing(engine) as connection:
        return put(connection, **told)


def _item(engine: Engine, number: int) -> Item:
    with engine.connect() as connection:
        return store.item(connection, number)


def _names(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="person"><a href="[^"]*">([^<]*)</a>', page)


# ---- who gets in


def test_nothing_but_the_sign_in_and_the_static_files_is_shown_to_who_is_not_signed_in(engine: Engine) -> None:
    number = _put(engine, name="Secret Person")
    client = Browser(engine)
    [mount] = application(engine).routes
    assert isinstance(mount, Mount)
    asked = 0
    for route in mount.routes or ():
        if not isinstance(route, Route) or route.path == "/sign-in":
            continue
        for method in sorted((route.methods or set()) - {"HEAD"}):
            path = "/worklist" + route.path.replace("{item:int}", str(number))
            answer = client.request(method, path)
            assert answer.status_code == (303 if method == "GET" else 401), path
            assert "Secret" not in answer.text
            asked += 1
    assert asked == 8
    assert _item(engine, number).version == 1


def test_a_wrong_password_and_an_unknown_name_are_answered_alike_and_five_lock_the_account(engine: Engine) -> None:
    client = Browser(engine)
    unknown = client.post("/worklist/sign-in", data={"name": "nobody", "password": "x"})
    for _ in range(5):
        wrong = client.post("/worklist/sign-in", data={"name": "ana", "password": "wrong"})
        assert (wrong.status_code, wrong.text) == (401, unknown.text)
    locked = client.post("/worklist/sign-in", data={"name": "ana", "password": PASSWORD})
    assert locked.status_code == 401
    with writing(engine) as connection:
        accounts.new_password(connection, "ana", PASSWORD)
    assert client.post("/worklist/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 303


def test_the_cookie_is_for_our_pages_alone_and_the_database_does_not_hold_it(engine: Engine) -> None:
    client = Browser(engine, "https://testserver")
    answer = client.post("/worklist/sign-in", data={"name": "ana", "password": PASSWORD})
    [cookie] = answer.headers.get_list("set-cookie")
    assert re.search(r"HttpOnly; Path=/worklist; SameSite=lax; Secure", cookie)
    secret = client.cookies[sessions.COOKIE]
    with engine.connect() as connection:
        kept = connection.execute(select(SESSION)).mappings().one()
    assert secret not in json.dumps(dict(kept))


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/worklist//evil.example", "/v1/x", ""])
def test_nobody_is_sent_elsewhere_after_signing_in(engine: Engine, back: str) -> None:
    client = Browser(engine)
    answer = client.post("/worklist/sign-in", data={"name": "ana", "password": PASSWORD, "back": back})
    assert answer.headers["location"] == "/worklist/"


def test_a_session_ends_by_signing_out_by_idleness_and_with_the_account(engine: Engine) -> None:
    out, idle, off = (signed_in(engine, "ana") for _ in range(3))
    csrf = fields(out.get("/worklist/").text, "/worklist/sign-out")
    assert out.post("/worklist/sign-out", data=csrf).status_code == 303
    assert out.get("/worklist/").status_code == 303
    assert idle.get("/worklist/").status_code == 200
    with writing(engine) as connection:
        connection.execute(update(SESSION).values(seen=windows.now() - sessions.IDLE_SECONDS - 1))
    assert idle.get("/worklist/").status_code == 303
    off = signed_in(engine, "ana")
    with writing(engine) as connection:
        accounts.switch_off(connection, "ana")
    assert off.get("/worklist/").status_code == 303


def test_a_form_without_our_token_or_from_another_site_does_nothing(engine: Engine) -> None:
    number = _put(engine)
    client = signed_in(engine, "ana")
    path = f"/worklist/people/{number}"
    sent = {**fields(client.get(path).text, path), "action": "reach"}
    assert client.post(path, data={**sent, "csrf": "x"}).status_code == 403
    assert client.post(path, data=sent, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post(path, data=sent, headers={"origin": "https://evil.example"}).status_code == 403
    assert _item(engine, number).version == 1
    assert client.post(path, data=sent).status_code == 303


def test_every_answer_is_shielded_and_no_page_has_script_or_style_within(engine: Engine) -> None:
    number = _put(engine)
    client = signed_in(engine, "sam")
    pages = [
        "/",
        f"/people/{number}",
        f"/people/{number}/sheet",
        "/supervisor",
        "/people/999999",
        "/nothing",
        "/list.csv",
    ]
    for path in pages:
        answer = client.get(f"/worklist{path}")
        assert {name.decode(): value.decode() for name, value in HEADERS}.items() <= dict(answer.headers).items(), path
        assert answer.headers["cache-control"] == "no-store"
        assert "unsafe" not in answer.headers["content-security-policy"]
    for template in (HERE / "templates").glob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=|javascript:", text), template.name
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text), "nothing comes from elsewhere"


# ---- who is shown to whom


def test_a_name_from_the_record_cannot_become_markup(engine: Engine) -> None:
    number = _put(engine, name="<script>alert(1)</script>", why_now="<b>x</b>", facts={"phone": '"><i>'})
    client = signed_in(engine, "ana")
    for path in ("/worklist/", f"/worklist/people/{number}", f"/worklist/people/{number}/sheet"):
        page = client.get(path).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert '"><i>' not in page


def test_people_of_other_panels_are_nowhere_for_a_care_manager(engine: Engine) -> None:
    _put(engine, name="Ours")
    other = _put(engine, name="Theirs", practice="Hill Road")
    nobody_s = _put(engine, name="No Practice", practice="")
    client = signed_in(engine, "ana")
    for show in ("today", "due", "overdue", "open", "finished"):
        assert "Theirs" not in client.get(f"/worklist/?show={show}").text
    assert "Theirs" not in client.get("/worklist/list.csv?show=open").text
    path = f"/worklist/people/{other}"
    assert client.get(path).status_code == client.get(f"{path}/sheet").status_code == 404
    ours = fields(client.get("/worklist/").text, "/worklist/assign")
    sent = {"csrf": ours["csrf"], "token": "x" * 12, "version": "1", "action": "reach"}
    assert client.post(path, data=sent).status_code == 404
    client.post("/worklist/assign", data={**ours, "row": [f"{other}:1"], "to": "ana"})
    assert _item(engine, other).version == 1
    sees = _names(signed_in(engine, "sam").get("/worklist/").text)
    assert {"Ours", "Theirs", "No Practice"} == set(sees), "a person of no practice must be on somebody's list"
    do(engine, nobody_s, Move(Action.ASSIGN, to="ana"))
    assert "No Practice" in _names(client.get("/worklist/").text)


def test_a_care_manager_without_a_panel_is_refused_and_not_shown_the_whole_network(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(BadInput, match="would see nobody"):
        accounts.add(connection, "eve", "Eve", ["care_manager"], (), 20, PASSWORD)


def test_the_supervisor_s_page_is_for_supervisors(engine: Engine) -> None:
    done = _put(engine, assigned_to="ana", state="assigned", discharge_day=TODAY - 1)
    _put(engine, assigned_to="ana", state="assigned", discharge_day=TODAY - 10)
    _put(engine)  # whom nobody answers for, and whom nobody has called: not yet in time
    do(engine, done, Move(Action.REACH))
    assert signed_in(engine, "ana").get("/worklist/supervisor").status_code == 403
    page = signed_in(engine, "sam").get("/worklist/supervisor").text
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>(?:(?!</tr>).)*Ana Brook.*?</tr>", page)]
    assert [cell for cell in rows[0].split("|") if cell.strip()] == [
        *("Ana Brook", "2", "1", "2", "1", "100 % ", "(1 of 1)", "100 % ", "(1 of 1)", "1.0"),
    ]
    [nobody] = re.findall(r"Nobody yet.*?</tr>", page)
    assert "%" not in nobody


# ---- the list


def test_today_s_first_call_stands_alone_at_the_top_and_the_day_s_calls_end_at_a_line(engine: Engine) -> None:
    for place, name in enumerate(["First", "Second", "Third"], 1):
        _put(engine, name=name, place=place)
    client = signed_in(engine, "ana")
    page = client.get("/worklist/").text
    hero = page.split('<section class="first"')[1].split("</section>")[0]
    assert ">First</a>" in hero
    assert "tel:+1-555-010-0001" in hero
    assert _names(page) == ["First", "Second", "Third"]
    assert page.index("Second</a>") < page.index("Today's 2 calls end here") < page.index("Third</a>")


def test_the_list_is_filtered_searched_and_sorted(engine: Engine) -> None:
    gap = {"gaps": [{"title": "Visit within 7 days of discharge", "due": TODAY, "closes": "a visit"}]}
    late = TODAY - 9
    _put(engine, name="Zoe Adams", place=1, facts=gap, open_gaps=1, discharge_day=windows.parse_day("2024-12-27"))
    _put(engine, name="Bea Long", place=2, tier="low", tier_order=2, facility="Hill Hospital", discharge_day=late)
    _put(engine, name="Tried Already", place=3, state="attempted", attempts=1, next_day=TODAY + 1)
    _put(engine, name="Put Off", place=4, state="deferred", next_day=TODAY + 3)
    _put(engine, name="Closed", place=5, state="closed", outcome="done")
    client = signed_in(engine, "ana")
    for address, expected in {
        "": ["Zoe Adams", "Bea Long"],
        "sort=name": ["Bea Long", "Zoe Adams"],
        "sort=due": ["Bea Long", "Zoe Adams"],
        "show=due": ["Zoe Adams"],
        "show=overdue": ["Bea Long"],
        "show=later": ["Tried Already", "Put Off"],
        "show=open&status=attempted": ["Tried Already"],
        "show=finished": ["Closed"],
        "tier=low": ["Bea Long"],
        "facility=Hill+Hospital": ["Bea Long"],
        "gap=Visit+within+7+days+of+discharge": ["Zoe Adams"],
        "q=zoe": ["Zoe Adams"],
        "q=long+bea": ["Bea Long"],
        "q=%25": [],
        "show=nonsense&sort=nonsense&page=x": ["Zoe Adams", "Bea Long"],
        "page=99": ["Zoe Adams", "Bea Long"],
    }.items():
        assert _names(client.get(f"/worklist/?{address}").text) == expected, address
    part = client.get("/worklist/?q=zoe", headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert _names(part.text) == ["Zoe Adams"]
    rows = list(csv.DictReader(client.get("/worklist/list.csv?show=open").text.splitlines()))
    assert [row["name"] for row in rows] == ["Zoe Adams", "Bea Long", "Tried Already", "Put Off"]


def test_a_name_that_a_spreadsheet_would_run_is_plain_text_in_the_export(engine: Engine) -> None:
    _put(engine, name="=HYPERLINK(1)")
    text = signed_in(engine, "ana").get("/worklist/list.csv").text
    assert "'=HYPERLINK(1)" in text


def test_several_people_are_given_to_a_colleague_and_who_changed_meanwhile_is_left_alone(engine: Engine) -> None:
    one, two = _put(engine), _put(engine)
    client = signed_in(engine, "sam")
    sent = fields(client.get("/worklist/").text, "/worklist/assign")
    do(engine, two, Move(Action.DECLINE))
    answer = client.post("/worklist/assign", data={**sent, "row": [f"{one}:1", f"{two}:1"], "to": "ana"})
    assert "1 assigned. 1 had changed meanwhile" in client.get(answer.headers["location"]).text
    assert (_item(engine, one).assigned_to, _item(engine, two).assigned_to) == ("ana", None)
    assert client.post("/worklist/assign", data={**sent, "row": [f"{one}:1"], "to": "ghost"}).status_code == 422


# ---- a call


def test_a_call_is_recorded_and_the_next_person_stands_first(engine: Engine) -> None:
    one = _put(engine, name="First", place=1)
    _put(engine, name="Second", place=2)
    client = signed_in(engine, "ana")
    path = f"/worklist/people/{one}"
    sent = fields(client.get(path).text, path)
    told = {"action": "schedule", "visit_day": "2025-01-03", "spoke_to": "caregiver", "step": ["medicines", "visit"]}
    answer = client.post(path, data={**sent, **told, "note": "Is well.\r\nHas a lift."})
    page = client.get(answer.headers["location"]).text
    assert "Saved: First, scheduled." in page
    assert ">Second</a>" in page.split('<section class="first"')[1].split("</section>")[0]
    found = _item(engine, one)
    assert (found.state, found.visit_day, found.reached_day) == (State.SCHEDULED, TODAY + 3, TODAY)
    history = client.get(path).text
    assert "Is well.\nHas a lift." in history
    assert "gone through: medicines, visit" in history
    client.post(path, data={**sent, **told})
    assert _item(engine, one).version == 2, "the same form again does nothing"


def test_two_people_on_one_row_the_second_hears_of_the_first_and_keeps_the_note(engine: Engine) -> None:
    one = _put(engine)
    ana, sam = signed_in(engine, "ana"), signed_in(engine, "sam")
    path = f"/worklist/people/{one}"
    first, second = fields(ana.get(path).text, path), fields(sam.get(path).text, path)
    assert ana.post(path, data={**first, "action": "attempt"}).status_code == 303
    answer = sam.post(path, data={**second, "action": "reach", "note": "she is well"})
    assert answer.status_code == 409
    assert "Ana Brook recorded a call without an answer here" in answer.text
    assert ">she is well</textarea>" in answer.text
    assert re.search(r'value="reach" required checked', answer.text)
    assert (
        sam.post(path, data={**fields(answer.text, path), "action": "reach", "note": "she is well"}).status_code == 303
    )
    assert (_item(engine, one).state, _item(engine, one).version) == (State.REACHED, 3)


def test_a_session_that_ends_in_the_middle_of_a_note_loses_nothing(engine: Engine) -> None:
    one = _put(engine)
    client = signed_in(engine, "ana")
    path = f"/worklist/people/{one}"
    sent = {**fields(client.get(path).text, path), "action": "reach", "note": 'a long "note" & <more>'}
    with writing(engine) as connection:
        connection.execute(SESSION.delete())
    over = client.post(path, data=sent)
    assert over.status_code == 401
    assert _item(engine, one).version == 1
    kept = fields(over.text, "/worklist/sign-in")
    wrong = client.post("/worklist/sign-in", data={**kept, "name": "ana", "password": "wrong"})
    kept = fields(wrong.text, "/worklist/sign-in")
    back = client.post("/worklist/sign-in", data={**kept, "name": "ana", "password": PASSWORD})
    assert "It is not saved yet" in back.text
    assert "a long &#34;note&#34; &amp; &lt;more&gt;</textarea>" in back.text
    again = {**fields(back.text, path), "action": "reach", "note": "a long note"}
    assert client.post(path, data=again).status_code == 303
    assert _item(engine, one).state is State.REACHED


def test_what_was_carried_through_a_sign_in_shows_nobody_whom_one_may_not_see(engine: Engine) -> None:
    other = _put(engine, name="Theirs", practice="Hill Road")
    for carried in (
        json.dumps({"path": f"/worklist/people/{other}", "form": {"note": ["x"]}}),
        json.dumps({"path": "/worklist/people/x", "form": {}}),
        json.dumps([1]),
        "{",
    ):
        client = Browser(engine)
        answer = client.post("/worklist/sign-in", data={"name": "ana", "password": PASSWORD, "carried": carried})
        assert answer.status_code in (303, 404)
        assert "Theirs" not in answer.text


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "Choose what happened."),
        ({"action": "defer", "until_day": "2024-12-31"}, "no later day to come back to it"),
        ({"action": "schedule", "visit_day": "31.12."}, "a day for schedule that is none"),
        ({"action": "close"}, "no outcome"),
        ({"action": "note", "note": " "}, "an empty note"),
        ({"action": "reopen"}, "somebody may have moved it"),
        ({"action": "reach", "version": "x"}, "a form without its version"),
        ({"action": "reach", "token": "x"}, "a form without its token"),
    ],
)
def test_a_form_that_is_not_right_says_what_is_wrong_and_saves_nothing(
    engine: Engine, told: dict[str, str], says: str
) -> None:
    one = _put(engine)
    client = signed_in(engine, "ana")
    path = f"/worklist/people/{one}"
    answer = client.post(path, data={**fields(client.get(path).text, path), "note": "kept", **told})
    assert (answer.status_code, says in answer.text) == (422, True)
    assert _item(engine, one).version == 1


def test_a_person_in_a_facility_is_called_there_and_the_clock_starts_at_home(engine: Engine) -> None:
    one = _put(engine, whereabouts="skilled nursing", clock_day=None, due_day=None, discharge_day=TODAY - 5)
    client = signed_in(engine, "ana")
    path = f"/worklist/people/{one}"
    page = client.get(path).text
    assert "call the facility; the clock starts on the day of coming home" in page
    assert "tel:+1" not in page.split("Helps at home")[0], "nobody is there at the telephone at home"
    assert "Spoke with the nurse in charge at the facility" in page
    home = {**fields(page, path), "action": "came home", "home_day": "2024-12-30"}
    assert client.post(path, data=home).status_code == 303
    page = client.get(path).text
    assert "due Thu 2 Jan" in page
    assert "Came home from the facility" not in page


def test_every_address_is_in_the_guard_s_table_and_the_static_files_are_open(engine: Engine) -> None:
    """A page that the table does not name could be reached by nobody."""
    [mount] = application(engine).routes
    assert isinstance(mount, Mount)
    for route in mount.routes or ():
        if isinstance(route, Route):
            path = "/worklist" + route.path.replace("{item:int}", "7")
            for method in route.methods or ():
                given = access.roles_for(method, path, b"")
                assert access.is_open(method, path, b"") or given == {CARE_MANAGER}, (method, path)
    for file in (HERE / "static").iterdir():
        assert access.is_open("GET", f"/worklist/static/{file.name}", b"")


def test_a_session_is_a_way_in_for_the_guard_on_these_addresses_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "current", lambda: engine)
    secret = signed_in(engine, "ana").cookies[sessions.COOKIE]

    def asks(path: str, cookie: str) -> Caller | None:
        scope = {"type": "http", "path": path, "headers": [(b"cookie", f"{sessions.COOKIE}={cookie}".encode())]}
        return asyncio.run(sign_in.by_session(scope))

    found = asks("/worklist/people/1", secret)
    assert found == Caller("ana", frozenset({CARE_MANAGER}), panels=frozenset({"River Street"}))
    assert asks("/worklist/", "x") is None
    assert asks("/v1/outreach", secret) is None


def test_a_link_to_a_person_leads_there_through_the_sign_in(engine: Engine) -> None:
    guarded = Guard(application(engine), ways=(sign_in.by_session,), sign_in=sign_in.ADDRESS)
    browser = httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://testserver")
    answer = asyncio.run(browser.get("/worklist/people/7?saved=1", headers={"accept": "text/html"}))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/worklist/sign-in?back=%2Fworklist%2Fpeople%2F7%3Fsaved%3D1"
    told = {"name": "ana", "password": PASSWORD, "back": "/worklist/people/7?saved=1"}
    assert Browser(engine).post("/worklist/sign-in", data=told).headers["location"] == "/worklist/people/7?saved=1"


def test_who_was_shown_whom_is_in_the_audit_log_and_so_is_who_signed_in(engine: Engine) -> None:
    number = _put(engine, person_id="p-shown")
    client = signed_in(engine, "ana")
    Browser(engine).post("/worklist/sign-in", data={"name": "ana", "password": "wrong"})
    for path in (f"/worklist/people/{number}", "/worklist/", "/worklist/list.csv"):
        client.get(path)
    with engine.connect() as connection:
        wanted = select(AUDIT.c.type, AUDIT.c.agent, AUDIT.c.person, AUDIT.c.outcome).order_by(AUDIT.c.seq)
        lines = [tuple(row) for row in connection.execute(wanted)]
    assert lines == [
        ("sign_in", "ana", None, "0"),
        ("sign_in", "ana", None, "4"),
        ("view", "ana", "p-shown", "0"),
        ("view", "ana", "p-shown", "0"),
        ("export", "ana", "p-shown", "0"),
    ]
