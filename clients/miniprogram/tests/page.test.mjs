import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { JSDOM } from "jsdom";
import { openPhone, until, WIDE_600 } from "./world.mjs";

const BUILD = fileURLToPath(new URL("../build/example", import.meta.url));
/** The page as WeChat's own compilers render it, on a phone that can choose photos. */
function openPage(t, phone) {
  const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
  const names = ["Event", "CustomEvent", "HTMLElement", "Node", "requestAnimationFrame"];
  Object.assign(globalThis, { window, document: window.document }, Object.fromEntries(names.map((n) => [n, window[n]])));
  const { wx } = phone.launch();
  const tempFiles = [{ tempFilePath: phone.photo(WIDE_600, "chosen.jpg") }];
  globalThis.wx = { ...wx, chooseMedia: async () => ({ tempFiles }) };
  cpSync(BUILD.replace("build/", ""), BUILD, { recursive: true, filter: (file) => !file.endsWith(".ts") });
  const simulate = createRequire(import.meta.url)("miniprogram-simulate");
  const page = simulate.render(simulate.load(path.join(BUILD, "pages/report/index"), { rootPath: BUILD }));
  page.attach(window.document.body);
  t.after(() => page.detach());
  return page;
}

const text = (page, selector) => page.querySelectorAll(selector).map(({ dom }) => dom.textContent.trim()).join("|");
const tap = (page, selector) => page.querySelector(selector).dispatchEvent("tap");

test("a report from the page: signed in at need, kept, sent, refused and discarded", async (t) => {
  const phone = openPhone(t);
  // Each code is good once, and other files of tests take the first.
  phone.codes.reverse();
  const page = openPage(t, phone);
  page.instance.onDescription({ detail: { value: "路灯不亮" } });
  page.instance.onAddress({ detail: { value: "隆鑫商圈东门外" } });

  tap(page, ".submit");
  await until(() => text(page, ".problem") === "请附一至九张照片");

  tap(page, ".choose");
  await until(() => text(page, ".choose") === "照片 1/9");
  phone.online = false;
  tap(page, ".submit");
  await until(() => text(page, ".waiting").includes("路灯不亮：待发送"));
  assert.equal(text(page, ".problem"), "");

  phone.app.goOnline();
  await until(() => text(page, ".sent") === "路灯不亮：已受理");
  assert.equal(text(page, ".waiting"), "");

  page.instance.onDescription({ detail: { value: "地址太短" } });
  page.instance.onAddress({ detail: { value: "x" } });
  tap(page, ".choose");
  await until(() => text(page, ".choose") === "照片 1/9");
  tap(page, ".submit");
  await until(() => text(page, ".waiting").includes("填写的内容有误"));
  tap(page, ".discard");
  await until(() => text(page, ".waiting") === "");
});
