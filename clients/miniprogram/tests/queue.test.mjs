import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import test from "node:test";
import { callsOf, draft, makeClient, makeQueue, onServer, openPhone } from "./world.mjs";
import { settled, signedIn, until, WIDE_450, WIDE_600 } from "./world.mjs";

const UPLOAD = /POST \/v1\/photos/;
const REPORT = /POST \/v1\/reports/;

/** Starts the app again, with what the phone kept. */
function reopen(phone, launch) {
  const app = phone.launch(launch);
  const client = makeClient(app);
  return { app, client, queue: makeQueue(app, client) };
}

/** Changes what a closed app has in storage. */
function edit(phone, change) {
  const entries = JSON.parse(phone.storage.get("xinxin.reports"));
  entries.forEach(change);
  phone.storage.set("xinxin.reports", JSON.stringify(entries));
}

const widths = (report) => report.photos.map(({ width }) => width);

async function codeOf(promise) {
  return promise.then(
    () => "kept",
    (problem) => problem.code,
  );
}

test("a report made offline is kept with its photos, and sent when the phone is online", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const told = [];
  const queue = makeQueue(app, client, { sent: (report) => told.push(report.id) });
  phone.online = false;
  const photos = [phone.photo(WIDE_600, "one.jpg"), phone.photo(WIDE_450, "two.jpg")];
  await queue.add(draft(), photos);
  assert.equal(phone.kept().length, 2);
  assert.equal(JSON.parse(phone.storage.get("xinxin.reports")).length, 1);
  app.goOnline();
  await settled(queue, app);
  const [report, ...others] = await onServer(client);
  assert.deepEqual([told, others], [[report.id], []]);
  assert.deepEqual(widths(report), [600, 450]);
  assert.equal(phone.storage.get("xinxin.reports"), "[]");
  await until(() => phone.kept().length === 0);
});

test("answers lost after the server committed: one report", async (t) => {
  const { phone, app, client } = await signedIn(t);
  phone.faults.push({ when: UPLOAD, lose: true }, { when: REPORT, lose: true }, { when: REPORT, lose: true });
  const queue = makeQueue(app, client);
  await queue.add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  await settled(queue, app);
  assert.deepEqual(callsOf(phone, REPORT).map(({ status }) => status), [201, 201, 201]);
  assert.equal(new Set(callsOf(phone, REPORT).map(({ header }) => header["Idempotency-Key"])).size, 1);
  assert.equal((await onServer(client)).length, 1);
});

test("killed between photo and report: resumed without a second upload", async (t) => {
  const { phone, app, client } = await signedIn(t);
  phone.faults.push({ when: REPORT, before: () => app.kill(), answer: { status: 503, header: {}, text: "" } });
  await makeQueue(app, client).add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  await app.ended;
  assert.equal((await onServer(makeClient(phone.launch()))).length, 0);
  const again = reopen(phone);
  await settled(again.queue, again.app);
  assert.equal((await onServer(again.client)).length, 1);
  assert.equal(callsOf(phone, UPLOAD).length, 1);
});

test("killed at any moment: exactly one report, its photos in order, nothing left behind", async (t) => {
  const { phone } = await signedIn(t);
  let done = 0;
  let moments = 0;
  for (let killAt = 1; ; killAt += 1) {
    const first = reopen(phone, { killAt });
    const photos = [phone.photo(WIDE_450, "one.jpg"), phone.photo(WIDE_600, "two.jpg")];
    const description = `moment ${killAt}`;
    const finished = first.queue.add(draft(description), photos).then(() => settled(first.queue, first.app));
    await Promise.race([finished.catch(() => null), first.app.ended]);
    const lived = first.app.alive;
    // Killed before it was kept, it is not a report yet; the draft is still on the page.
    const kept = (phone.storage.get("xinxin.reports") ?? "[]").includes(description);
    const second = reopen(phone);
    await settled(second.queue, second.app);
    const reports = (await onServer(second.client)).filter((report) => report.description === description);
    assert.ok(reports.length === 1 || (reports.length === 0 && !kept && !lived), `${description}: ${reports.length}`);
    if (kept || lived) assert.equal(reports.length, 1, description);
    if (reports.length) assert.deepEqual(widths(reports[0]), [450, 600], description);
    done += reports.length;
    await until(() => phone.kept().length === 0);
    assert.equal(phone.storage.get("xinxin.reports") ?? "[]", "[]", description);
    if (lived) break;
    moments += 1;
  }
  assert.equal((await onServer(makeClient(phone.launch()))).length, done);
  const answers = callsOf(phone, REPORT).map(({ status }) => status);
  assert.ok(answers.every((status) => status === 201 || status === 0), `by its key, not by its photos: ${answers}`);
  assert.ok(moments >= 15 && done >= 10, `${done} reports in ${moments} moments`);
});

test("reports keep their order", async (t) => {
  const { phone, app, client } = await signedIn(t);
  phone.online = false;
  const queue = makeQueue(app, client);
  for (const name of ["1", "2", "3"]) await queue.add(draft(`report ${name}`), [phone.photo(WIDE_600, `${name}.jpg`)]);
  phone.faults.push({ when: REPORT, lose: true }, { when: UPLOAD, answer: { status: 502, header: {}, text: "" } });
  app.goOnline();
  await settled(queue, app);
  const names = (await onServer(client)).map(({ description }) => description);
  assert.deepEqual(names, ["report 3", "report 2", "report 1"]);
});

test("a refused report stays with its problem, and the next one goes on", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const queue = makeQueue(app, client);
  phone.online = false;
  const wrong = { ...draft("wrong"), category: "no-such-choice" };
  const { name } = await queue.add(wrong, [phone.photo(WIDE_600, "one.jpg")]);
  await queue.add(draft("right"), [phone.photo(WIDE_600, "two.jpg")]);
  app.goOnline();
  await settled(queue, app);
  assert.deepEqual((await onServer(client)).map(({ description }) => description), ["right"]);
  const again = reopen(phone);
  const [entry] = again.queue.list();
  assert.equal(entry.name, name);
  assert.equal(entry.refused.code, "category_unknown");
  assert.match(entry.refused.title, /\p{Script=Han}/u);
  again.queue.discard(name);
  assert.deepEqual([again.queue.list().length, phone.storage.get("xinxin.reports")], [0, "[]"]);
  await until(() => phone.kept().length === 0);
});

test("discarded while its photo is on its way, a report is not sent", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const queue = makeQueue(app, client);
  phone.faults.push({ when: UPLOAD, after: () => queue.discard(queue.list()[0].name) });
  await queue.add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  await until(() => !queue.sending);
  assert.deepEqual([queue.list().length, callsOf(phone, UPLOAD).length, callsOf(phone, REPORT).length], [0, 1, 0]);
});

test("a photo that is none is refused, and so is one that is gone from the phone", async (t) => {
  const { phone, app, client } = await signedIn(t);
  writeFileSync(`${phone.folder}/tmp/text.jpg`, "no photo");
  phone.online = false;
  await makeQueue(app, client).add(draft("text"), ["wxfile://tmp/text.jpg"]);
  await makeQueue(app, client).add(draft("gone"), [phone.photo(WIDE_600, "one.jpg")]);
  edit(phone, (entry) => {
    if (entry.draft.description === "gone") entry.photos[0].file = "wxfile://usr/gone.jpg";
  });
  phone.online = true;
  const { app: next, queue } = reopen(phone);
  await settled(queue, next);
  assert.deepEqual([...queue.list()].map(({ refused }) => refused.code), ["photo_type_refused", "photo_lost"]);
});

test("limits: twenty reports, one to nine photos, signed in, and room on the phone", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const queue = makeQueue(app, client);
  phone.online = false;
  const photo = phone.photo(WIDE_600, "one.jpg");
  assert.equal(await codeOf(queue.add(draft(), [])), "photos_count");
  assert.equal(await codeOf(queue.add(draft(), Array(10).fill(photo))), "photos_count");
  assert.equal(await codeOf(queue.add(draft(), [photo, "wxfile://tmp/gone.jpg"])), "phone_full");
  await until(() => phone.kept().length === 0);
  const setStorageSync = app.wx.setStorageSync;
  app.wx.setStorageSync = () => {
    throw new Error("setStorageSync:fail the maximum size of the storage is exceeded");
  };
  assert.equal(await codeOf(queue.add(draft(), [photo])), "phone_full");
  app.wx.setStorageSync = setStorageSync;
  await until(() => phone.kept().length === 0);
  assert.equal(queue.list().length, 0);
  for (let count = 0; count < 20; count += 1) await queue.add(draft(), [photo]);
  assert.equal(await codeOf(queue.add(draft(), [photo])), "queue_full");
  const stranger = openPhone(t).launch();
  assert.equal(await codeOf(makeQueue(stranger, makeClient(stranger)).add(draft(), [photo])), "not_signed_in");
});

test("photos that the server swept are uploaded anew, under new keys", async (t) => {
  const { phone, app, client } = await signedIn(t);
  phone.online = false;
  await makeQueue(app, client).add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  const days = 2 * 24 * 3600 * 1000;
  edit(phone, (entry) => {
    entry.photos[0].id = randomUUID();
    entry.keysAt -= days;
  });
  phone.online = true;
  const again = reopen(phone);
  await settled(again.queue, again.app);
  assert.deepEqual(again.queue.list().length, 0);
  assert.deepEqual(callsOf(phone, REPORT).map(({ status }) => status), [404, 201]);
  assert.equal((await onServer(again.client)).length, 1);
});

test("a report that arrived so long ago that its key is forgotten is not sent twice", async (t) => {
  const { phone, app, client } = await signedIn(t);
  phone.faults.push({ when: REPORT, lose: true, before: () => setImmediate(() => app.kill()) });
  await makeQueue(app, client).add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  await app.ended;
  await until(() => callsOf(phone, REPORT)[0]?.status === 201);
  // A server that has forgotten a key takes it for a new one.
  edit(phone, (entry) => (entry.key = randomUUID()));
  const again = reopen(phone);
  await settled(again.queue, again.app);
  assert.deepEqual(callsOf(phone, REPORT).map(({ status }) => status), [201, 409]);
  assert.deepEqual([again.queue.list().length, (await onServer(again.client)).length], [0, 1]);
});

test("one person's reports are never sent as another's", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const mine = client.session.person;
  phone.online = false;
  await makeQueue(app, client).add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  phone.online = true;
  phone.calls.length = 0;
  const other = makeClient(phone.launch());
  await other.session.signInForDevelopment(`o-${randomUUID().slice(0, 8)}`);
  const queue = makeQueue(phone.app, other);
  await queue.send();
  assert.deepEqual([queue.list().length, callsOf(phone, UPLOAD).length], [1, 0]);
  assert.equal(queue.list()[0].personId, mine.id);
});

test("not even when another person signs in between two tries", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const queue = makeQueue(app, client);
  const before = async () => {
    await client.session.signOut();
    await client.session.signInForDevelopment(`o-${randomUUID().slice(0, 8)}`);
  };
  phone.faults.push({ when: REPORT, before, answer: { status: 503, header: {}, text: "" } });
  await queue.add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  await until(() => callsOf(phone, /development/).length === 2);
  await until(() => !queue.sending);
  const [entry] = queue.list();
  assert.deepEqual([entry.refused, callsOf(phone, REPORT).length, (await onServer(client)).length], [undefined, 1, 0]);
});

test("when the server says how long, the queue waits so long", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const body = { code: "too_many_requests", title: "操作太频繁", status: 429 };
  const answer = { status: 429, header: { "Retry-After": "400" }, text: JSON.stringify(body) };
  phone.faults.push({ when: REPORT, answer });
  const queue = makeQueue(app, client);
  await queue.add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  await until(() => app.waits.includes(400_000));
  await settled(queue, app);
  assert.equal((await onServer(client)).length, 1);
});

test("when the session has ended the queue waits for its person to sign in", async (t) => {
  const { phone, app, client } = await signedIn(t);
  const queue = makeQueue(app, client);
  phone.online = false;
  await queue.add(draft(), [phone.photo(WIDE_600, "one.jpg")]);
  const member = phone.calls[0].body.member;
  const kept = phone.storage.get("xinxin.session");
  phone.online = true;
  await client.session.signOut();
  phone.storage.set("xinxin.session", kept);
  const again = reopen(phone);
  await until(() => again.client.session.person === null);
  await again.queue.send();
  assert.deepEqual([again.queue.list().length, callsOf(phone, REPORT).length], [1, 0]);
  await again.client.session.signInForDevelopment(member);
  await again.queue.send();
  assert.deepEqual([again.queue.list().length, (await onServer(again.client)).length], [0, 1]);
});
