import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileRequest } from "./boot-files.ts";
import { regionBootFiles } from "./region-boot-files.ts";

const file = { path: "ipxe.cfg-52-54-00-00-00-01", remoteAddress: "10.0.0.2", localAddress: "10.0.0.1" } as FileRequest;

test("a script is asked for once by those who repeat themselves, and anew by whoever comes later", async () => {
  const waiting: ((script: string) => void)[] = [];
  const files = regionBootFiles({
    bootScript: () => new Promise((resolve) => void waiting.push(resolve)),
    port: () => 5248,
    log: { warn: () => {}, info: () => {} } as never,
  });
  const read = async () => {
    const opened = await files.open(file);
    assert.ok(opened?.kind === "buffer");
    return new TextDecoder().decode(opened.bytes);
  };
  const twice = [read(), read()];
  assert.equal(waiting.length, 1);
  waiting[0]?.("#!ipxe\nexit\n");
  assert.deepEqual(await Promise.all(twice), ["#!ipxe\nexit\n", "#!ipxe\nexit\n"]);
  // Started for something else meanwhile: the script of before would boot it from its disk.
  const later = read();
  assert.equal(waiting.length, 2);
  waiting[1]?.("#!ipxe\nboot\n");
  assert.equal(await later, "#!ipxe\nboot\n");
});
