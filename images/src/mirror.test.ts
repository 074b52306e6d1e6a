import assert from "node:assert/strict";
import { test } from "node:test";
import { localbootScript } from "./bootloaders.ts";
import { sourcesFrom } from "./mirror.ts";

test("the host's own Debian sources are used, each once, and nobody else's", () => {
  const targets = [
    "Debian|http://mirror.example/debian/|bookworm|main",
    "Debian|http://mirror.example/debian/|bookworm|main",
    "Debian|http://mirror.example/debian/|bookworm|non-free",
    "Debian|http://mirror.example/debian-security/|bookworm-security|main",
    "Debian|http://mirror.example/debian/|trixie|main",
    "Example|https://packages.example/|bookworm|main",
    "",
  ];
  assert.deepEqual(sourcesFrom(targets.join("\n")), [
    "deb http://mirror.example/debian bookworm main",
    "deb http://mirror.example/debian-security bookworm-security main",
  ]);
});

test("a host of another suite has no source for the image", () => {
  assert.deepEqual(sourcesFrom("Debian|http://mirror.example/debian/|trixie|main\n"), []);
});

test("a source with a password is refused, since it would be written into the image", () => {
  assert.throws(
    () => sourcesFrom("Debian|https://user:secret@mirror.example/debian|bookworm|main"),
    (error: Error) => {
      assert.match(error.message, /auth\.conf/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test("localboot chains each loader that it finds, the removable one first", () => {
  assert.equal(
    localbootScript(["/efi/boot/bootx64.efi"]).split("\n").slice(0, 3).join("; "),
    "search.file /efi/boot/bootx64.efi root; chainloader ($root)/efi/boot/bootx64.efi; boot",
  );
  // GRUB's rescue parser reads the embedded script and knows no compound commands.
  assert.doesNotMatch(localbootScript(), /\b(if|then|fi|for|menuentry)\b/);
});
