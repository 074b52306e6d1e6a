import assert from "node:assert/strict";
import { test } from "node:test";
import { actionWord, handlerWord, splitDoc, takesData } from "./describe.ts";

test("command words come from class names as the official client makes them", () => {
  const words = {
    MachinesHandler: "machines",
    VmHostHandler: "vm-host",
    DNSResourceRecordHandler: "dnsresource-record",
    SSHKeysHandler: "sshkeys",
    IPAddressesHandler: "ipaddresses",
    DHCPSnippetHandler: "dhcpsnippet",
    IPRangeHandler: "iprange",
    BcacheCacheSetHandler: "bcache-cache-set",
    NodeScriptResultHandler: "node-script-result",
  };
  for (const [name, word] of Object.entries(words)) assert.equal(handlerWord(name), word);
  assert.equal(actionWord("power_parameters"), "power-parameters");
  assert.equal(actionWord("read"), "read");
});

test("key=value is taken only where the text after the first paragraph names a parameter", () => {
  const action = { name: "x", op: null, method: "POST" };
  assert.equal(takesData({ ...action, doc: "Title\non two lines\n\nBody\n\n:param a: Required." }), true);
  assert.equal(takesData({ ...action, doc: "Title with :param a: in it" }), false);
  assert.equal(takesData({ ...action, doc: null }), false);
  assert.deepEqual(splitDoc("Title\n  on two lines\n\nBody\n\nMore\n"), {
    title: "Title on two lines",
    body: "Body\n\nMore",
  });
});
