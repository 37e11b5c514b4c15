import assert from "node:assert/strict";
import { test } from "node:test";
import { tlsTrouble } from "../../../src/host/web/tls-trouble.ts";

const host = "images.example.org";
// As Node 24, curl 7.88 and OpenSSL 3 say it.
const cases: readonly (readonly [said: string, message: RegExp, hint: RegExp])[] = [
  ["certificate has expired CERT_HAS_EXPIRED", /^the certificate of images\.example\.org has expired$/, /renewed on the server.*clock/],
  ["(60) SSL certificate problem: certificate has expired", /has expired$/, /renewed/],
  ["certificate is not yet valid CERT_NOT_YET_VALID", /is not valid yet$/, /clock/],
  [
    "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:other.example.org ERR_TLS_CERT_ALTNAME_INVALID",
    /is for another server \(DNS:other\.example\.org\)$/,
    /Check the address/,
  ],
  ["(60) SSL: no alternative certificate subject name matches target host name 'localhost'", /is for another server/, /Check the address/],
  [
    "unable to verify the first certificate UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    /is not trusted \(unable to verify the first certificate\)$/,
    /access\.ca.*cacert/,
  ],
  ["(60) SSL certificate problem: unable to get local issuer certificate", /is not trusted \(unable to get local issuer/, /access\.ca/],
  [
    "405D0B73647F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/openssl/ssl/rec_layer_s3.c:918:SSL alert number 116\n",
    /^images\.example\.org refuses the connection \(tlsv13 alert certificate required\)$/,
    /access\.client_certificate/,
  ],
  [
    "write EPROTO 40ADA764757F0000:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/openssl/tlsany_meth.c:77:\n EPROTO",
    /^images\.example\.org does not answer with TLS$/,
    /begins with http:/,
  ],
  ["(35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number", /does not answer with TLS$/, /scheme/],
  [
    "write EPROTO 402D08A4AF7F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../deps/x.c:918:SSL alert number 70\n EPROTO",
    /offers no TLS that is accepted here \(tlsv1 alert protocol version\)$/,
    /old versions/,
  ],
];

test("an error of TLS is answered with its reason and remedy, without what OpenSSL adds for its developers", () => {
  for (const [said, message, hint] of cases) {
    const found = tlsTrouble(said, host);
    assert.match(found?.message ?? "", message, said);
    assert.match(found?.hint ?? "", hint, said);
    assert.doesNotMatch(found?.message ?? "", /error:|deps|\n/);
  }
});

test("what may succeed later is no error of TLS", () => {
  for (const said of [
    "connect ECONNREFUSED 127.0.0.1:443",
    "socket hang up",
    "(56) Recv failure: Connection reset by peer",
    "read ETIMEDOUT",
  ])
    assert.equal(tlsTrouble(said, host), undefined, said);
});
