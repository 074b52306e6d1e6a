import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSshPublicKey, sshKeyLine } from "./parse.ts";

/** Made by ssh-keygen of OpenSSH; their private halves were thrown away. */
const made: Record<string, string> = {
  "ssh-rsa":
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCQp0BBtXhWQr5j721cpxzsAPKyhUk4suyAonYVtlSkz1MmhBt7p7sRCHT/43oV8FM/IYkfBL/vVPCsHCP4NOo1kGp79kkmXzvhy4eCmbAdYr0BzPNQntLl8M9f39VgTaoktGAdbAJcUdUM9bN2zVwRO06jKKOEiVZgX7UZ2viQJgHt8Ia3b8NUd4E8cGhs03Cetwy2rsr5AkWt50hFAEodPBCT1J6tTduGzLUQxUBymobRCQ8NFVdSnrujdegQUTTDnmIzf72KIKnF0aK5EO/Gm2BKjrsYwhCaQ2W3g2gK7m7XZifiMnTwBIT1w1kwMwVeiGOHa0zvAm7Nmu5uXiqB",
  "ssh-ed25519": "AAAAC3NzaC1lZDI1NTE5AAAAIAEz8uIHa5GvaQk44GSlEJWSHcUA+TDevEpuniYSP2Bu",
  "ecdsa-sha2-nistp256":
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBGHXTuc+6mTK4mMPb4NnP662niB7BjW3TUTesnmmTKWCGaXYO2o9hlqQ6iCBY99ZDdkBTw4dd8C6ztj2YF/AX8=",
  "ecdsa-sha2-nistp384":
    "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBLrD9IpKCFLwFZ1Olxei8sFTeKXIZaz62pSlo2v9k7O/ZPp3gEUVwJRG8E7eKkrkqhfuOLnpLWxDOLCjGrliEum4O+TRI3vuopJijn4HKQHuM2q+7PHhcEMwQTvmfQ114g==",
  "ecdsa-sha2-nistp521":
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAA2EO/a/n3QfGTU4iee21gOJjrhb0+KqG6kkY/0+BqH0ZvAgDp1KUTCczQP83uNr79RtKC6o4MyH2jVZHwIDQf0wgCCj3MhdHRB4A8f/rZJEBGBnH5e1M+qfwKdSrNccY/MDJt/DCiMA50NNwZvR4RUjDZMApvajj+WbXQpkA8bUlabag==",
};

const field = (bytes: Buffer | string) => {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};
const line = (type: string, ...fields: (Buffer | string)[]) =>
  `${type} ${Buffer.concat([type, ...fields].map(field)).toString("base64")}`;
const ed25519 = Buffer.alloc(32, 7);
const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 9)]);

const problemOf = (text: string): string => {
  const parsed = parseSshPublicKey(text);
  return "problem" in parsed ? parsed.problem : "";
};

for (const [type, blob] of Object.entries(made)) {
  test(`${type}: what ssh-keygen makes is taken, its comment kept`, () => {
    const parsed = parseSshPublicKey(`  ${type}  ${blob} me and\tmy laptop \n`);
    assert.deepEqual(parsed, { type, blob, comment: "me and my laptop" });
    assert.equal(sshKeyLine({ type, blob, comment: "" }), `${type} ${blob}`);
  });

  test(`${type}: a key that was cut off or goes on too long is refused`, () => {
    const bytes = Buffer.from(blob, "base64");
    for (const length of [bytes.length - 1, bytes.length - 12, 20, 4, 1])
      assert.notEqual(problemOf(`${type} ${bytes.subarray(0, length).toString("base64")}`), "", `${length} bytes`);
    assert.notEqual(problemOf(`${type} ${Buffer.concat([bytes, Buffer.alloc(3)]).toString("base64")}`), "");
    assert.notEqual(problemOf(`${type} ${blob.slice(0, -5)}`), "");
  });
}

test("hardware keys are taken with their application, and not without", () => {
  const sk = "sk-ssh-ed25519@openssh.com";
  const skEcdsa = "sk-ecdsa-sha2-nistp256@openssh.com";
  assert.equal(problemOf(line(sk, ed25519, "ssh:")), "");
  assert.match(problemOf(line(sk, ed25519)), /application/);
  assert.equal(problemOf(line(skEcdsa, "nistp256", point, "ssh:")), "");
  assert.match(problemOf(line(skEcdsa, "nistp384", point, "ssh:")), /curve/);
});

test("RSA keys have a length that OpenSSH accepts, and numbers that are positive", () => {
  const number = (bits: number) => Buffer.concat([Buffer.from([0]), Buffer.alloc(bits / 8, 0xff)]);
  const e = Buffer.from([1, 0, 1]);
  assert.equal(problemOf(line("ssh-rsa", e, number(1024))), "");
  assert.match(problemOf(line("ssh-rsa", e, number(768))), /768 bits is too short/);
  assert.match(problemOf(line("ssh-rsa", e, number(32_768))), /too long/);
  assert.match(problemOf(line("ssh-rsa", e, Buffer.alloc(256, 0xff))), /malformed/);
  assert.match(problemOf(line("ssh-rsa", Buffer.alloc(0), number(2048))), /malformed/);
});

test("what is no public key is refused in words that do not repeat it", () => {
  const secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----";
  assert.match(problemOf(secret), /private key/);
  assert.doesNotMatch(problemOf(secret), /c2VjcmV0/);
  assert.match(problemOf(`command="reboot" ssh-ed25519 ${made["ssh-ed25519"]}`), /must begin with its type/);
  assert.match(problemOf("constructor AAAA"), /must begin with its type/);
  assert.match(problemOf(`ssh-rsa ${made["ssh-ed25519"]}`), /another type/);
  assert.match(problemOf(`ssh-ed25519 ${made["ssh-ed25519"]} me\nssh-ed25519 AAAA`), /one line/);
  assert.match(problemOf("ssh-ed25519 not!base64"), /not base64/);
  assert.notEqual(problemOf("ssh-ed25519"), "");
  assert.notEqual(problemOf(""), "");
});
