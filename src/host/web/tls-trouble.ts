/** Why an encrypted connection was not made, and what to do about it. */
export interface TlsTrouble {
  /** `the certificate of HOST has expired` */
  readonly message: string;
  readonly hint: string;
}

const wrongClock = "If it is valid, correct the clock of the machine that connects.";

/** The words of Node, curl and OpenSSL for each reason, the special ones before the general. */
const reasons: readonly (readonly [words: RegExp, message: (host: string, said: string) => string, hint: string])[] = [
  [
    /certificate has expired|CERT_HAS_EXPIRED/i,
    (host) => `the certificate of ${host} has expired`,
    `It has to be renewed on the server. ${wrongClock}`,
  ],
  [/certificate is not yet valid|CERT_NOT_YET_VALID/i, (host) => `the certificate of ${host} is not valid yet`, wrongClock],
  [
    /altnames|no alternative certificate subject name|certificate subject name|HOSTNAME_MISMATCH/i,
    (host, said) => `the certificate of ${host} is for another server (${namesIn(said)})`,
    "Check the address: it has to name the server as its certificate does. A proxy or a captive portal may have answered.",
  ],
  [
    /alert (?:certificate required|bad certificate|unknown ca|handshake failure)|certificate required/i,
    (host, said) => `${host} refuses the connection (${said})`,
    "If it asks for a certificate of the client, name one in access.client_certificate of the image, or in cert and key of the cloud.",
  ],
  [
    /wrong version number|packet length too long|http request|record layer failure|unknown protocol/i,
    (host) => `${host} does not answer with TLS`,
    "Check scheme and port: without TLS the address begins with http://. A proxy may have answered.",
  ],
  [
    /alert (?:protocol version|no application protocol|insufficient security)|unsupported protocol|no protocols available|no shared cipher|dh key too small|legacy sigalg|legacy renegotiation/i,
    (host, said) => `${host} offers no TLS that is accepted here (${said})`,
    "It may have old versions of TLS only, or HTTP/2 only: have it updated, or use another server.",
  ],
  [
    /certificate|CERT|self.?signed|UNABLE_TO_VERIFY|ERR_TLS/i,
    (host, said) => `the certificate of ${host} is not trusted (${said})`,
    "Check the address. For an authority of your own, name its certificate in access.ca of the image, or in cacert of the cloud; install it on this system, or name its file in NODE_EXTRA_CA_CERTS.",
  ],
];

/**
 * What an error of TLS means, after which the same request fails again; undefined for any other error. `said`: the error in the words of the program, and its
 * code if it has one. Pure.
 */
export function tlsTrouble(said: string, host: string): TlsTrouble | undefined {
  const reason = reasons.find(([words]) => words.test(said));
  return reason === undefined ? undefined : { message: reason[1](host, plain(said)), hint: reason[2] };
}

/** Without what OpenSSL adds for its developers: addresses in memory, numbers, functions and files. */
function plain(said: string): string {
  const words =
    /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:\n]+)/.exec(said)?.[1] ??
    said.replace(/^(?:curl: )?(?:\(\d+\) )?(?:SSL certificate problem: )?/, "");
  return (words.split(/[;\n]/)[0] ?? "")
    .replace(/ [A-Z][A-Z_]+$/, "")
    .trim()
    .slice(0, 200);
}

function namesIn(said: string): string {
  return /in the cert's altnames: (.+)$/.exec(plain(said))?.[1] ?? plain(said);
}
