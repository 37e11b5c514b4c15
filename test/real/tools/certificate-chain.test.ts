import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { type NamedCertificate, untrusted } from "../../../src/tools/signature/certificate-chain.ts";

const directory = mkdtempSync(`${tmpdir()}/virtform-chain-`);
after(() => rmSync(directory, { recursive: true }));

/** Issues a certificate with openssl; without an issuer it signs itself. */
function issue(
  name: string,
  issuer: string | undefined,
  extensions: readonly string[],
  options: readonly string[] = ["-days", "3650"],
): NamedCertificate {
  const path = (ending: string) => `${directory}/${name}.${ending}`;
  const from = issuer === undefined ? [] : ["-CA", `${directory}/${issuer}.pem`, "-CAkey", `${directory}/${issuer}.key`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path("key")];
  const added = extensions.flatMap((one) => ["-addext", one]);
  execFileSync("openssl", ["req", "-x509", ...key, "-out", path("pem"), "-subj", `/CN=${name}`, ...from, ...options, ...added], {
    stdio: "pipe",
  });
  return { name, certificate: new X509Certificate(readFileSync(path("pem"))) };
}

const authority = (length = "") => [`basicConstraints=critical,CA:TRUE${length}`, "keyUsage=critical,keyCertSign"];
const signing = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature"];
const root = issue("root", undefined, authority(",pathlen:1"));
const middle = issue("middle", "root", authority(",pathlen:0"));
const signer = issue("signer", "middle", signing);
// Certificates that are made later are valid at this time as well.
const now = new Date(Date.parse(signer.certificate.validFrom) + 3_600_000);

const verdict = (one: NamedCertificate, trusted: readonly NamedCertificate[], at = now) => untrusted(one.certificate, trusted, at);

test("a certificate leads over intermediate ones to a trusted one, or is trusted itself", () => {
  assert.equal(verdict(signer, [middle, root]), undefined);
  assert.equal(verdict(signer, [middle]), undefined, "trust ends where the list does");
  assert.equal(verdict(signer, [signer]), undefined);
  const self = issue("self", undefined, signing);
  assert.equal(verdict(self, [self]), undefined);
  assert.match(String(verdict(self, [root])), /does not lead to a trusted/);
  assert.match(String(verdict(signer, [root])), /does not lead to a trusted/, "the intermediate one is missing");
  assert.match(String(verdict(signer, [])), /does not lead/);
});

test("each certificate of the chain has to be allowed to issue the one below it", () => {
  const low = issue("low", "middle", authority());
  const deep = issue("deep", "low", signing);
  assert.match(String(verdict(deep, [low, middle, root])), /allows 0 authorities below it, and there are 1/);
  assert.equal(verdict(deep, [low]), undefined);
  const noAuthority = issue("plain", "root", signing);
  assert.match(
    String(verdict(issue("under-plain", "plain", signing), [noAuthority, root])),
    /is not made for signing certificates \(key usage\)/,
  );
  const noSigning = issue("no-signing", undefined, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign"]);
  assert.match(String(verdict(issue("below", "no-signing", signing), [noSigning])), /not made for signing certificates/);
  const noConstraints = issue("no-constraints", undefined, ["basicConstraints=CA:FALSE", "keyUsage=critical,keyCertSign"]);
  assert.match(String(verdict(issue("under", "no-constraints", signing), [noConstraints])), /is not that of an authority/);
  const impostor = { ...issue("middle", undefined, authority()), name: "another middle" };
  assert.match(String(verdict(signer, [impostor])), /does not lead|has not signed it/);
  const limited = issue("limited", undefined, [...authority(), "nameConstraints=critical,permitted;DNS:example.org"]);
  assert.match(String(verdict(issue("in-limits", "limited", signing), [limited])), /critical extension that is not supported \(551d1e\)/);
});

test("dates, key usage and weak digests count along the chain", () => {
  const later = new Date(now.getTime() + 20 * 365 * 86_400_000);
  assert.match(String(verdict(signer, [middle, root], later)), /expired on/);
  const short = issue("short", undefined, authority(), ["-days", "1"]);
  const long = issue("long", "short", signing);
  assert.match(String(verdict(long, [short], new Date(now.getTime() + 10 * 86_400_000))), /issued by short, which expired on/);
  assert.match(String(verdict(middle, [root])), /not made for signatures/);
  const old = issue("old", "root", signing, ["-days", "9", "-sha1"]);
  assert.match(String(verdict(old, [root])), /MD5 or SHA-1/);
});
