import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { certificatesIn, publicKeyOf, unusable } from "../../../../src/tools/signature/signing-certificates.ts";

/**
 * Certificates of P-384 that are valid for ten years from November 2026, made by OpenSSL's `req -x509`. `OddName`: the common name has the
 * bytes of a key usage extension.
 */
const certificates = {
  unlimited: `-----BEGIN CERTIFICATE-----
MIIBkjCCARmgAwIBAgIUK8nqYsTEpkRJaxm3TDasVfbIyhkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdW5saW1pdGVkMB4XDTI2MTEyOTA3NDQ0NFoXDTM2MTEyNjA3
NDQ0NFowFDESMBAGA1UEAwwJdW5saW1pdGVkMHYwEAYHKoZIzj0CAQYFK4EEACID
YgAEJYPXdWMi1fCh6nDmP8+Pxn2JhLTG2W88n+P8MraexSrJLo7+yj78ah804iv1
mpXS07yoZsEZ84encPnMCtDFGr6NJUcxbVmmao1IRaU+DwOELlArPYCQmDd7BW2p
OvdGoywwKjAJBgNVHRMEAjAAMB0GA1UdDgQWBBTHs5hThwMH061BA1NnjLbbeIj1
HDAKBggqhkjOPQQDAgNnADBkAjAD8ueJlYILYXAEIRadU6ZAYmlljDKhPLgEphG/
lf6dmWBA2rXcyLO2OTKtT+GS1OECMGiXdrw6czrFk7JyzYxGi3LOPIBGIF+EWr8o
ElZt9qH0UP1F72cL6e9Y5NYCQFRUbw==
-----END CERTIFICATE-----`,
  signing: `-----BEGIN CERTIFICATE-----
MIIBkzCCARqgAwIBAgIUMInGpYj6a9GUrF0Au40qjEIxBFEwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHc2lnbmluZzAeFw0yNjExMjkwNzQ0NDRaFw0zNjExMjYwNzQ0
NDRaMBIxEDAOBgNVBAMMB3NpZ25pbmcwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAARD
/18P8EQOvz18mdmbwvyQWYbgAMXIOo0SbzO2dZPt03We+aWDspDuOPAWWJqndYJY
Tu5bWmEb3na0YNS2L5iN9FsWieJNGSouaS8H9JZxHXqW8yc2R53kAaBGRB+/FZCj
MTAvMA4GA1UdDwEB/wQEAwIHgDAdBgNVHQ4EFgQUx8k+uV5UcWy2kuIK4GnNYiWR
tZ4wCgYIKoZIzj0EAwIDZwAwZAIwL1sTmSwGeBTD8pQhJ/WnID39h/8M/18A3Sl4
VbKmtqLxTgOUquJqXGVtjj9VfZpWAjBq39Xsy8ef0wJKa5pDtEwyDeZS8Ry73UQT
YG9oZvVVBIwnmRttx2uoFtWBGV7wVKU=
-----END CERTIFICATE-----`,
  authority: `-----BEGIN CERTIFICATE-----
MIIBmDCCAR6gAwIBAgIUFIQyAUu1ELMhXKnP88sFDUlRl1AwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MB4XDTI2MTEyOTA3NDQ0NFoXDTM2MTEyNjA3
NDQ0NFowFDESMBAGA1UEAwwJYXV0aG9yaXR5MHYwEAYHKoZIzj0CAQYFK4EEACID
YgAE+dUqOm+MY1HXCvPR1OUO0oU3B/X+SgotaQbOFKDWAHRnfI4L5epTlTMYnFjU
S9zX46UsWqe/KOOyUSS3Zh5RXRlRo79NsA2iSq2pnXI1QgV02jyySxQGTxcR2x4C
KPGaozEwLzAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFOMG1Dtz3yG92vRg8Yko
5niXhhy6MAoGCCqGSM49BAMCA2gAMGUCMGkLQc4yhhNXSXMWvmgyLlHhB30sIMfo
Yr1KqmLEo//+GH8GhcY8LtJhMZHmNodmTQIxAPwZvUAGQE/jWDynyC+yk17LaKvn
S9gY90cAlKgrkwQZVEDoon8GUB46NhtDRyKRGQ==
-----END CERTIFICATE-----`,
  signingWithOddName: `-----BEGIN CERTIFICATE-----
MIIBnDCCASKgAwIBAgIUG96wc9fhrPh71SpuDYZYB4AcPlgwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLBgNVHQ8EBAMCAQYwHhcNMjYxMTI5MDc0NDQ0WhcNMzYxMTI2
MDc0NDQ0WjAWMRQwEgYDVQQDDAsGA1UdDwQEAwIBBjB2MBAGByqGSM49AgEGBSuB
BAAiA2IABLyjRZr3IAaxTYVJYImvbB1WoNYDHFkONqbbnnQiiYHdaR9sRKqGCOkG
1Ju4t0obN32te6JXIRzNFaPWfszvsj3m8Pt1B3AhIRWx5BNU6hxHXsmjR3nFwLGO
tpFEtRXMD6MxMC8wDgYDVR0PAQH/BAQDAgeAMB0GA1UdDgQWBBRnE8+AamjjGC1F
WVBxbhI9JpuO9TAKBggqhkjOPQQDAgNoADBlAjEAqxBO0uZfGHzptr+Yd3csASfU
505AhfPSrNOn/3JALBDTV41tn0a++KiCZYawN8KpAjA85UwZ5adiwpUPK5WRLXj6
HPSBr4GZBTLuvbb2LOzuY8xInvBQaXe36EFkN8ggYvw=
-----END CERTIFICATE-----`,
  authorityWithOddName: `-----BEGIN CERTIFICATE-----
MIIBnTCCASSgAwIBAgIUV+duEg4r9Bzp5LWbOhZdzLiUxP8wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMBgNVHQ8EBAMCB8KAMB4XDTI2MTEyOTA3NDQ0NFoXDTM2MTEy
NjA3NDQ0NFowFzEVMBMGA1UEAwwMBgNVHQ8EBAMCB8KAMHYwEAYHKoZIzj0CAQYF
K4EEACIDYgAEGzizUyJuIL5tfL5Y2patcul6mzFOWn5F30f0t2SOk5eqPnDP5MR/
GKR+RMx0jhuMnQZsbgecEwjQLD7cYbKlaywF8f2/FzXpcObx3T4Edl/y7gRP51tb
3SSdSEmi4B7QozEwLzAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFNgsUtiAmFBN
jWPfaMF4OVqVSV47MAoGCCqGSM49BAMCA2cAMGQCMBG0ursm1ZAcTgaDW5tatJkl
2IAqSJTbQLIlEnU8E3clRZhlrSZdJdqp6Z4/TErPRAIwQm4NqSN67FIFX2/NZq7Q
XBPj1YrypoHRHuDuCRIMAzRPKZOu/NxJyffjiWhpBJ8q
-----END CERTIFICATE-----`,
} as const;
const during = new Date("2030-06-01");

test("a certificate is used for signatures if its key usage has them or is not limited", () => {
  assert.equal(unusable(new X509Certificate(certificates.unlimited), during), undefined);
  assert.equal(unusable(new X509Certificate(certificates.signing), during), undefined);
  assert.match(String(unusable(new X509Certificate(certificates.authority), during)), /not made for signatures/);
});

test("bytes that look like a key usage elsewhere in a certificate decide nothing", () => {
  assert.equal(unusable(new X509Certificate(certificates.signingWithOddName), during), undefined);
  assert.match(String(unusable(new X509Certificate(certificates.authorityWithOddName), during)), /not made for signatures/);
});

test("a certificate is used only from its first to its last moment", () => {
  const certificate = new X509Certificate(certificates.unlimited);
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  assert.equal(unusable(certificate, from), undefined);
  assert.equal(unusable(certificate, to), undefined);
  assert.match(String(unusable(certificate, new Date(from.getTime() - 1))), /not valid before/);
  assert.match(String(unusable(certificate, new Date(to.getTime() + 1))), /expired on/);
});

test("certificates are read from PEM, all or none", () => {
  const both = `a comment\n${certificates.unlimited}\n${certificates.signing}`;
  assert.equal(certificatesIn(both)?.length, 2);
  assert.equal(certificatesIn("nothing"), undefined);
  assert.equal(certificatesIn(certificates.unlimited.replace("MII", "AAA")), undefined);
  assert.equal(certificatesIn(`${certificates.unlimited}\n`.repeat(51)), undefined);
});

test("a file whose last certificate is cut off, as after a full disk, is not read in part", () => {
  for (const end of [40, 300]) assert.equal(certificatesIn(`${certificates.signing}\n${certificates.unlimited.slice(0, end)}`), undefined);
});

test("a certificate with a kind of key that OpenSSL does not know has no public key, and is no bug", () => {
  const known = new X509Certificate(certificates.signing);
  assert.equal(publicKeyOf(known)?.asymmetricKeyType, "ec");
  const der = Buffer.from(known.raw);
  // The identifier of elliptic curve keys, 1.2.840.10045.2.1, becomes one that nothing has.
  const at = der.indexOf(Buffer.from("2a8648ce3d0201", "hex"));
  der[at + 6] = 0x7f;
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----`;
  const [unknown] = certificatesIn(pem) ?? [];
  assert.ok(unknown !== undefined);
  assert.throws(() => unknown.publicKey);
  assert.equal(publicKeyOf(unknown), undefined);
});
