// What the tests share: the server's address, photos, and people who are signed in.
import { randomUUID } from "node:crypto";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Phone } from "./phone.mjs";

export const URL_OF_API = process.env.XINXIN_URL;
if (!URL_OF_API) throw new Error("tests need a running server: make client");

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PHOTOS = path.join(ROOT, "tests/media/photos");
/** Real photos, by their width as shown. */
export const WIDE_600 = `${PHOTOS}/orientation3_no_gps.jpg`;
export const WIDE_450 = `${PHOTOS}/orientation6_no_gps.jpg`;
/** Where the sample photo says it was taken. */
export const PLACE = { lat: 30.1928, lng: 105.8364, crs: "wgs84" };
export const STAFF_PASSWORD = "demo-only-password";

export function draft(description = "人行道上的井盖破损，一踩就晃") {
  return { description, category: "manhole", place: PLACE };
}

/** A phone with the app open; what it has is gone after the test. */
export function openPhone(t) {
  const phone = new Phone();
  t.after(() => phone.throwAway());
  return phone;
}

export function makeClient(app, settings = {}) {
  const { Client } = app.require("index");
  return new Client({ baseUrl: `${URL_OF_API}/`, ...settings });
}

/** A phone whose owner is signed in: a new one each time. */
export async function signedIn(t) {
  const phone = openPhone(t);
  const app = phone.launch();
  const client = makeClient(app);
  await client.session.signInForDevelopment(`m-${randomUUID().slice(0, 8)}`);
  return { phone, app, client };
}

export function makeQueue(app, client, listeners) {
  const { ReportQueue } = app.require("index");
  return new ReportQueue(client, listeners);
}

/** Waits until something holds; `turn` is told each time how often it was asked. */
export async function until(holds, turn = () => {}) {
  for (let turns = 1; !(await holds()); turns += 1) {
    if (turns > 3000) throw new Error(`never: ${holds}`);
    turn(turns);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits for the queue to come to rest: everything is sent or refused. */
export function settled(queue, app) {
  const isQuiet = () => queue.list().every((entry) => entry.refused);
  return until(isQuiet, (turns) => turns % 50 || app.show());
}

/** The reports that the server has of this person, newest first. */
export async function onServer(client) {
  return (await client.get("/v1/reports", { query: { limit: 100 } })).data.items;
}

export function callsOf(phone, what) {
  return phone.calls.filter(({ method, path }) => what.test(`${method} ${path}`));
}
