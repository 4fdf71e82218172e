// The one client and the one queue of the mini-program; pages import them from here.
import { Client, ReportQueue, type Report } from "../src/index";

export const client = new Client({ baseUrl: "https://api.example.cn" });

type Listener = (sent?: Report) => void;
const listeners = new Set<Listener>();

export const queue = new ReportQueue(client, {
  changed: () => listeners.forEach((tell) => tell()),
  sent: (report) => listeners.forEach((tell) => tell(report)),
});

/** Tells a page of each change until it is closed. */
export function listen(tell: Listener): () => void {
  listeners.add(tell);
  return () => void listeners.delete(tell);
}
