// Compiled, never run: what the types must refuse.
import { Client, ReportQueue } from "../src/index";

export async function mustNotCompile(client: Client, queue: ReportQueue): Promise<void> {
  // @ts-expect-error no such path
  await client.get("/v1/nothing");
  // @ts-expect-error a path without its parameter
  await client.get("/v1/reports/{report_id}");
  // @ts-expect-error a body without what is needed
  await client.post("/v1/reports", { body: { description: "x" } });
  // @ts-expect-error a word that is not in the enumeration
  await client.post("/v1/reports", { body: { description: "x", photo_ids: [], place: { lat: 1, lng: 2, crs: "bd09" } } });
  // @ts-expect-error WeChat has no PATCH
  await client.patch("/v1/me");
  // @ts-expect-error a picture is no JSON
  await client.get("/v1/redemptions/{redemption_id}/qr", { path: { redemption_id: "x" } });
  // @ts-expect-error not a list
  client.pages("/v1/me");
  // @ts-expect-error the queue uploads the photos itself
  await queue.add({ description: "x", photo_ids: [] }, []);
  // @ts-expect-error what a write answers has a type
  ((await client.get("/v1/me")).data.member_no satisfies number);
}

export async function mustCompile(client: Client): Promise<string | null> {
  for await (const reports of client.pages("/v1/reports")) for (const report of reports) return report.case_number;
  for await (const cases of client.pages("/v1/cases", { query: { limit: 5 } })) return cases[0]?.number ?? null;
  const seen = await client.get("/v1/cases/{case_id}", { path: { case_id: "x" } });
  const after = await client.move(seen, { move: "accept" });
  await client.post("/v1/auth/logout");
  await client.put("/v1/me", { body: { name: "刘波", occupation: "courier" } });
  return after.etag;
}
