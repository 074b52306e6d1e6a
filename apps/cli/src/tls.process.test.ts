import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KEY, startApiServer } from "./test-support/api-server.ts";
import { newHome } from "./test-support/maas.ts";

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test(
  "a certificate nobody vouches for is exit code 1 with a hint; --cacerts is remembered, -k skips the check",
  hasOpenssl ? {} : { skip: "openssl is missing: it makes the certificate of this test" },
  async () => {
    await using home = await newHome();
    const [key, cert] = [join(home.path, "key.pem"), join(home.path, "cert.pem")];
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        ...subject,
      ],
      { stdio: "ignore" },
    );
    await using api = await startApiServer({ key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") });

    const untrusted = await home.maas(["login", "admin", api.url, KEY]);
    assert.equal(untrusted.code, 1);
    assert.match(untrusted.err, /--insecure\/-k/);
    assert.equal((await home.maas(["login", "loose", api.url, KEY, "-k"])).code, 0);
    assert.equal((await home.maas(["loose", "machines", "read"])).code, 1);
    const loose = await home.maas(["loose", "machines", "read", "-kd"]);
    assert.equal(loose.code, 0);
    assert.match(
      loose.err,
      /^Certificate subject: CN=test\nCertificate issuer: {2}CN=test\nSHA-256 fingerprint: [0-9A-F:]{95}\n/,
    );

    assert.equal((await home.maas(["login", "admin", api.url, KEY, "--cacerts", cert])).code, 0);
    assert.equal((await home.maas(["admin", "machines", "read"])).out, "{}");
    assert.equal(await readFile(join(home.path, ".maascli.certs", "admin.pem"), "utf8"), readFileSync(cert, "utf8"));
    await home.maas(["logout", "admin"]);
    await assert.rejects(readFile(join(home.path, ".maascli.certs", "admin.pem")));
  },
);
