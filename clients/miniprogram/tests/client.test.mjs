import assert from "node:assert/strict";
import { createHash, createHmac, randomUUID } from "node:crypto";
import test from "node:test";
import { callsOf, draft, makeClient, onServer, openPhone } from "./world.mjs";
import { signedIn, STAFF_PASSWORD, until, WIDE_600 } from "./world.mjs";

const REPORT = /POST \/v1\/reports/;
const REFRESH = /POST \/v1\/auth\/refresh/;

/** The same token, signed as the server signs, but run out an hour ago. */
function expired(token) {
  const [, payload] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const old = { ...claims, iat: claims.iat - 4500, exp: claims.iat - 3600 };
  const secret = "for-development-only-never-in-production-tokens";
  const kid = createHash("sha256").update(`key id:${secret}`).digest("hex").slice(0, 8);
  const parts = [{ alg: "HS256", typ: "JWT", kid }, old];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** The phone as it is when its access token ran out while its clock stood still. */
function letExpire(phone) {
  const kept = JSON.parse(phone.storage.get("xinxin.session"));
  phone.storage.set("xinxin.session", JSON.stringify({ ...kept, access_token: expired(kept.access_token) }));
  return makeClient(phone.launch());
}

async function problemOf(promise) {
  return promise.then(
    () => assert.fail("no problem"),
    (problem) => problem,
  );
}

test("signs in by wx.login, stays signed in over a restart, signs out", async (t) => {
  const phone = openPhone(t);
  const client = makeClient(phone.launch());
  assert.equal(client.session.person, null);
  const person = await client.session.signInWithWechat();
  const again = makeClient(phone.launch());
  assert.equal(again.session.person.id, person.id);
  assert.equal((await again.get("/v1/me")).data.member_no, person.member_no);
  await again.session.signOut();
  assert.equal((await problemOf(again.get("/v1/me"))).status, 401);
  assert.equal(phone.storage.has("xinxin.session"), false);
});

test("a code that WeChat does not know is a problem, told in the app's language", async (t) => {
  const phone = openPhone(t);
  phone.codes = ["nobody-gave-this", "nobody-gave-this"];
  const app = phone.launch();
  const { Problem } = app.require("index");
  const zh = await problemOf(makeClient(app).session.signInWithWechat());
  const en = await problemOf(makeClient(app, { language: "en" }).session.signInWithWechat());
  assert.ok(zh instanceof Problem);
  assert.equal(zh.code, en.code);
  assert.match(zh.facts.title, /\p{Script=Han}/u);
  assert.doesNotMatch(en.facts.title, /\p{Script=Han}/u);
});

test("an expired token is renewed once for all who need it", async (t) => {
  const { phone } = await signedIn(t);
  const client = letExpire(phone);
  const [me, points] = await Promise.all([client.get("/v1/me"), client.get("/v1/points")]);
  assert.ok(me.data.id && points.data);
  assert.equal(callsOf(phone, REFRESH).length, 1);
  assert.deepEqual(phone.calls.filter(({ status }) => status === 401).length, 2, "both were refused first");
});

test("a token that is known to run out is renewed before it is used", async (t) => {
  const { phone } = await signedIn(t);
  const kept = JSON.parse(phone.storage.get("xinxin.session"));
  phone.storage.set("xinxin.session", JSON.stringify({ ...kept, until: Date.now() + 5_000 }));
  const client = makeClient(phone.launch());
  await Promise.all([client.get("/v1/me"), client.get("/v1/points")]);
  assert.equal(callsOf(phone, REFRESH).length, 1);
  assert.ok(phone.calls.every(({ status }) => status === 200));
});

test("a lost answer to the renewal does not end the session", async (t) => {
  const { phone } = await signedIn(t);
  const client = letExpire(phone);
  phone.faults.push({ when: REFRESH, lose: true });
  assert.ok((await client.get("/v1/me")).data.id);
  assert.deepEqual(callsOf(phone, REFRESH).map(({ status }) => status), [200, 200]);
  assert.ok((await letExpire(phone).get("/v1/me")).data.id, "and the new pair renews again");
});

test("a session that the server ended is forgotten, and the caller is told", async (t) => {
  const { phone, client } = await signedIn(t);
  const kept = phone.storage.get("xinxin.session");
  await client.session.signOut();
  phone.storage.set("xinxin.session", kept);
  const problem = await problemOf(makeClient(phone.launch()).get("/v1/me"));
  assert.equal(problem.code, "session_ended");
  assert.equal(phone.storage.has("xinxin.session"), false);
});

test("a refused body names its fields", async (t) => {
  const { client } = await signedIn(t);
  const problem = await problemOf(client.put("/v1/me", { body: { name: "", occupation: "pilot" } }));
  assert.equal(problem.status, 422);
  const places = problem.facts.fields.map(({ loc }) => loc.join("."));
  assert.ok(places.includes("body.occupation"), `${places}`);
  assert.ok(problem.facts.requestId);
});

test("429 is waited for as long as the server says", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const body = { code: "too_many_requests", title: "操作太频繁", status: 429 };
  const answer = { status: 429, header: { "Retry-After": "7" }, text: JSON.stringify(body) };
  phone.faults.push({ when: /GET \/v1\/me/, answer });
  assert.ok((await client.get("/v1/me")).data.id);
  assert.ok(app.waits.includes(7000), `${app.waits}`);
});

test("429 of the real server, for minutes: nobody is kept waiting, the problem says how long", async (t) => {
  const phone = openPhone(t);
  const app = phone.launch();
  const client = makeClient(app);
  let problem;
  for (let tries = 0; tries < 11 && problem?.status !== 429; tries += 1) {
    problem = await problemOf(client.session.signInWithPassword("nobody-here", "not the password"));
  }
  assert.equal(problem.code, "sign_in_too_often");
  assert.ok(problem.retryAfterS > 0 && problem.retryAfterS <= 301);
  assert.deepEqual(app.waits, []);
});

test("without a network a read is tried four times, and then it is a problem of its own", async (t) => {
  const { phone, app, client } = await signedIn(t);
  phone.online = false;
  const problem = await problemOf(client.get("/v1/points"));
  assert.equal(problem.code, "no_answer");
  assert.equal(callsOf(phone, /points/).length, 4);
  assert.ok(app.waits.length === 3 && app.waits[2] > app.waits[0]);
});

test("503 of a proxy, which is no problem document, is tried again", async (t) => {
  const { phone, client } = await signedIn(t);
  phone.faults.push({ when: /points/, answer: { status: 503, header: {}, text: "<html>" } });
  assert.ok((await client.get("/v1/points")).data);
});

test("a key is kept before its write leaves the phone, and until the answer is had", async (t) => {
  const { phone, client } = await signedIn(t);
  let kept;
  const before = async () => (kept = phone.storage.get("xinxin.keys"));
  phone.faults.push({ when: /PUT/, before });
  await client.put("/v1/me", { body: { name: "刘波", occupation: "courier" } });
  const [sent] = callsOf(phone, /PUT/);
  assert.ok(kept.includes(sent.header["Idempotency-Key"]));
  assert.equal(phone.storage.get("xinxin.keys"), "{}");
});

test("a write whose answer was lost with the app has one effect when it is made again", async (t) => {
  const { phone, client } = await signedIn(t);
  const photo = (await client.upload(phone.photo(WIDE_600, "one.jpg"))).data;
  const body = { ...draft(), photo_ids: [photo.id] };
  phone.faults.push({ when: REPORT, lose: true });
  void client.post("/v1/reports", { body }).catch(() => null);
  await until(() => callsOf(phone, REPORT)[0]?.status === 201);
  const again = makeClient(phone.launch());
  const report = (await again.post("/v1/reports", { body })).data;
  const keys = callsOf(phone, REPORT).map(({ header }) => header["Idempotency-Key"]);
  assert.equal(new Set(keys).size, 1);
  assert.deepEqual((await onServer(again)).map(({ id }) => id), [report.id]);
  assert.equal(phone.storage.get("xinxin.keys"), "{}");
});

test("two taps on the same button are one effect", async (t) => {
  const { phone, client } = await signedIn(t);
  const photo = (await client.upload(phone.photo(WIDE_600, "one.jpg"))).data;
  const body = { ...draft(), photo_ids: [photo.id] };
  const [one, two] = await Promise.all([1, 2].map(() => client.post("/v1/reports", { body })));
  assert.equal(one.data.id, two.data.id);
});

test("a definite refusal frees the key: the same intent is asked anew", async (t) => {
  const { phone, client } = await signedIn(t);
  const body = { ...draft(), photo_ids: [randomUUID()] };
  for (const _ of [1, 2]) assert.equal((await problemOf(client.post("/v1/reports", { body }))).code, "photo_not_found");
  const keys = callsOf(phone, REPORT).map(({ header }) => header["Idempotency-Key"]);
  assert.equal(new Set(keys).size, 2);
});

test("never more than ten calls at once", async (t) => {
  const { phone, client } = await signedIn(t);
  const answers = await Promise.all(Array.from({ length: 30 }, () => client.get("/v1/me")));
  assert.equal(answers.length, 30);
  assert.equal(phone.mostAtOnce, 10);
});

test("pages come one by one, to the end", async (t) => {
  const { phone, client } = await signedIn(t);
  for (const name of ["a.jpg", "b.jpg", "c.jpg"]) {
    const photo = (await client.upload(phone.photo(WIDE_600, name))).data;
    await client.post("/v1/reports", { body: { ...draft(name), photo_ids: [photo.id] } });
  }
  const sizes = [];
  const seen = [];
  for await (const items of client.pages("/v1/reports", { query: { limit: 2 } })) {
    sizes.push(items.length);
    seen.push(...items.map(({ description }) => description));
  }
  assert.deepEqual(sizes, [2, 1]);
  assert.deepEqual(seen, ["c.jpg", "b.jpg", "a.jpg"]);
});

test("a photo of the wrong kind is refused with its problem", async (t) => {
  const { phone, client } = await signedIn(t);
  const problem = await problemOf(client.upload(phone.photo(new URL(import.meta.url), "text.jpg")));
  assert.equal(problem.code, "photo_type_refused");
  assert.equal(phone.storage.get("xinxin.keys"), "{}");
});

test("a move goes from the version that was read, and from no other", async (t) => {
  const { phone, client } = await signedIn(t);
  const photo = (await client.upload(phone.photo(WIDE_600, "one.jpg"))).data;
  await client.post("/v1/reports", { body: { ...draft(), photo_ids: [photo.id] } });
  let report;
  await until(async () => ([report] = await onServer(client))[0].case_number);
  const staff = makeClient(openPhone(t).launch());
  await staff.session.signInWithPassword("wang", STAFF_PASSWORD);
  let found;
  for await (const cases of staff.pages("/v1/cases")) found ??= cases.find(({ number }) => number === report.case_number);
  const seen = await staff.get("/v1/cases/{case_id}", { path: { case_id: found.id } });
  assert.match(seen.etag, /^"\d+"$/);
  const moved = await staff.move(seen, { move: "verify" });
  assert.notEqual(moved.etag, seen.etag);
  assert.equal((await problemOf(staff.move(seen, { move: "file" }))).code, "stale_version");
});
