// Idempotency keys: kept in storage before a write is sent, until its answer is had.

const STORED = "xinxin.keys";
// The server remembers a key for seven days; an older one would have a second effect.
const KEEP_MS = 6 * 24 * 3600 * 1000;

type Kept = Record<string, { key: string; at: number }>;

/** A random UUID. Keys are the caller's own on the server, so they need not be unguessable. */
export function newKey(): string {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () =>
    Math.floor(Math.random() * 16).toString(16),
  );
}

/** The key of this intent: the one that is still without an answer, else a new one. */
export function takeKey(intent: string): string {
  const kept = load();
  const key = kept[intent]?.key ?? newKey();
  if (!(intent in kept)) save({ ...kept, [intent]: { key, at: Date.now() } });
  return key;
}

/** The answer is had: the same intent is now another effect. */
export function dropKey(intent: string, key: string): void {
  const { [intent]: dropped, ...rest } = load();
  // Of two that were sent at once the second must not drop the key of a third.
  if (dropped?.key === key) save(rest);
}

function load(): Kept {
  const all = (wx.getStorageSync(STORED) || {}) as Kept;
  return Object.fromEntries(Object.entries(all).filter(([, { at }]) => Date.now() - at < KEEP_MS));
}

function save(kept: Kept): void {
  wx.setStorageSync(STORED, kept);
}
