import net, { type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";

/** What a server that means harm, or is broken, does with one request. */
export interface HostileAnswer {
  readonly name: string;
  /** Sends bytes; the connection stays open unless it ends it. `attempt`: the how-manieth connection it is, from 0. */
  readonly answer: (socket: Socket, request: string, attempt: number) => void;
  /** The code that a download ends with; undefined where it succeeds, with `honest` as its content. */
  readonly code: RegExp | undefined;
  /** Only waiting shows that nothing more comes. */
  readonly isSilent?: true;
}

/** Content of the honest file. */
export const honest = Buffer.alloc(300_000, "an image, as it was published; ");
const other = Buffer.alloc(honest.length, "what another version has there ");
const half = honest.length / 2;

const head = (status: number, ...headers: readonly string[]) =>
  `HTTP/1.1 ${status} x\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
const whole = [`Content-Length: ${honest.length}`, 'ETag: "1"'];
const failed = /^download-failed$/;
const redirect = /^redirect-unusable$/;

/** Sends the same again and again, as fast as it is taken. */
function flood(socket: Socket, piece: string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
    socket.once("drain", more);
  };
  more();
}

/** An honest beginning, then a break, then what `then` sends to the request that continues. */
function afterBreak(then: (socket: Socket) => void): HostileAnswer["answer"] {
  return (socket, request, attempt) => {
    if (attempt === 0) {
      socket.write(head(200, ...whole));
      socket.write(honest.subarray(0, half), () => setTimeout(() => socket.destroy(), 50));
    } else if (/\r\nrange:/i.test(request)) then(socket);
    else socket.end(Buffer.concat([Buffer.from(head(200, ...whole, "Connection: close")), honest]));
  };
}

const say =
  (text: string, body: Buffer | string = ""): HostileAnswer["answer"] =>
  (socket) =>
    void socket.end(Buffer.concat([Buffer.from(text), Buffer.from(body)]));
const rest = (range: string, tag: string, body: Buffer) =>
  afterBreak(
    (socket) =>
      void socket.end(
        Buffer.concat([Buffer.from(head(206, `Content-Length: ${body.length}`, `Content-Range: ${range}`, `ETag: ${tag}`)), body]),
      ),
  );
const range = `bytes ${half}-${honest.length - 1}/${honest.length}`;

/** All of them. A download gets 1 MiB at most. */
export const hostileAnswers: readonly HostileAnswer[] = [
  { name: "says nothing", isSilent: true, answer: () => undefined, code: failed },
  { name: "closes at once", answer: (socket) => void socket.end(), code: failed },
  { name: "is no web server", answer: say("220 mail.example.org ESMTP\r\n"), code: failed },
  { name: "answers in binary", answer: say("", Buffer.alloc(100_000, 0x93)), code: failed },
  {
    name: "sends header fields without end",
    answer: (socket) => {
      socket.write("HTTP/1.1 200 x\r\n");
      flood(socket, `X: ${"y".repeat(1000)}\r\n`);
    },
    code: failed,
  },
  {
    name: "sends one header field without end",
    answer: (socket) => {
      socket.write("HTTP/1.1 200 x\r\nX: ");
      flood(socket, "y".repeat(65_536));
    },
    code: failed,
  },
  {
    name: "sends a body without end",
    answer: (socket) => {
      socket.write(head(200));
      flood(socket, honest);
    },
    code: /^image-too-large$/,
  },
  {
    name: "sends chunks without end",
    answer: (socket) => {
      socket.write(head(200, "Transfer-Encoding: chunked"));
      flood(socket, `10000\r\n${"y".repeat(65_536)}\r\n`);
    },
    code: /^image-too-large$/,
  },
  { name: "announces an exabyte", answer: say(head(200, "Content-Length: 1152921504606846976")), code: /^image-too-large$/ },
  { name: "announces less than no bytes", answer: say(head(200, "Content-Length: -1"), honest), code: failed },
  { name: "announces two lengths", answer: say(head(200, `Content-Length: ${honest.length}`, "Content-Length: 5"), honest), code: failed },
  {
    name: "announces more than it sends",
    answer: say(head(200, `Content-Length: ${honest.length + 1}`, "Connection: close"), honest),
    code: failed,
  },
  {
    name: "sends more than it announces",
    answer: say(head(200, ...whole, "Connection: close"), Buffer.concat([honest, Buffer.from("and more")])),
    code: undefined,
  },
  { name: "sends a broken chunk", answer: say(head(200, "Transfer-Encoding: chunked"), "zzzz\r\nabc\r\n"), code: failed },
  {
    name: "announces a chunk of 2^64 bytes",
    answer: say(head(200, "Transfer-Encoding: chunked"), "ffffffffffffffffff\r\nabc\r\n"),
    code: failed,
  },
  {
    name: "never ends its chunks",
    answer: say(head(200, "Transfer-Encoding: chunked", "Connection: close"), "3\r\nabc\r\n"),
    code: failed,
  },
  {
    name: "trickles",
    isSilent: true,
    answer: (socket) => {
      socket.write(head(200, ...whole));
      const timer = setInterval(() => socket.write("x"), 20);
      socket.on("close", () => clearInterval(timer));
    },
    code: failed,
  },
  {
    name: "stops in the middle",
    isSilent: true,
    answer: (socket) => {
      socket.write(head(200, ...whole));
      socket.write(honest.subarray(0, 100));
    },
    code: failed,
  },
  {
    name: "packs unasked",
    answer: say(head(200, "Content-Encoding: gzip", "Connection: close"), gzipSync(honest)),
    code: /^image-encoded$/,
  },
  {
    name: "packs a bomb unasked",
    answer: say(head(200, "Content-Encoding: gzip, gzip", "Connection: close"), gzipSync(gzipSync(Buffer.alloc(2 ** 26)))),
    code: /^image-encoded$/,
  },
  {
    name: "calls it an encoding that does not exist",
    answer: say(head(200, "Content-Encoding: \u00ff", ...whole), honest),
    code: /^image-encoded$/,
  },
  { name: "redirects in a circle", answer: say(head(302, "Location: /x", "Content-Length: 0")), code: failed },
  { name: "redirects to a file", answer: say(head(302, "Location: file:///etc/shadow", "Content-Length: 0")), code: redirect },
  { name: "redirects to ftp", answer: say(head(301, "Location: ftp://127.0.0.1/x", "Content-Length: 0")), code: redirect },
  { name: "redirects to data", answer: say(head(307, "Location: data:text/plain,x", "Content-Length: 0")), code: redirect },
  {
    name: "redirects to a unix socket",
    answer: say(head(308, "Location: unix:///run/libvirt/libvirt-sock", "Content-Length: 0")),
    code: redirect,
  },
  { name: "redirects to gopher", answer: say(head(303, "Location: gopher://127.0.0.1:25/x", "Content-Length: 0")), code: redirect },
  { name: "redirects to nothing", answer: say(head(302, "Location: http://", "Content-Length: 0")), code: redirect },
  { name: "redirects without saying where", answer: say(head(302, "Content-Length: 0")), code: failed },
  { name: "answers 204", answer: say(head(204)), code: failed },
  {
    name: "answers 206 unasked",
    answer: say(head(206, `Content-Range: bytes 0-99/${honest.length}`, "Content-Length: 100"), honest.subarray(0, 100)),
    code: failed,
  },
  { name: "answers 202 with a page", answer: say(head(202, "Connection: close"), "<html>come back later</html>"), code: failed },
  { name: "answers 203 with another version", answer: say(head(203, "Connection: close"), other), code: failed },
  { name: "offers a choice of files", answer: say(head(300, "Connection: close"), "<html>choose</html>"), code: failed },
  { name: "answers 304 unasked", answer: say(head(304)), code: failed },
  { name: "answers 416 unasked", answer: say(head(416, "Content-Length: 0")), code: failed },
  { name: "always answers 500", answer: say(head(500, "Content-Length: 0")), code: failed },
  { name: "asks to wait for years", answer: say(head(503, "Retry-After: 999999999999", "Content-Length: 0")), code: failed },
  { name: "answers with a status that does not exist", answer: say("HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n"), code: failed },
  { name: "switches protocols", answer: say(head(101, "Upgrade: x", "Connection: upgrade")), code: failed },
  {
    name: "ignores the range",
    answer: afterBreak((socket) => void socket.end(Buffer.concat([Buffer.from(head(200, ...whole, "Connection: close")), honest]))),
    code: undefined,
  },
  {
    name: "continues at another place",
    answer: rest(`bytes 0-${half - 1}/${honest.length}`, '"1"', honest.subarray(0, half)),
    code: undefined,
  },
  { name: "continues another version", answer: rest(range, '"2"', other.subarray(half)), code: undefined },
  {
    name: "continues a file of another length",
    answer: rest(`bytes ${half}-${honest.length}/${honest.length + 1}`, '"1"', other.subarray(0, half + 1)),
    code: undefined,
  },
  {
    name: "continues without saying which version",
    answer: afterBreak(
      (socket) =>
        void socket.end(
          Buffer.concat([Buffer.from(head(206, `Content-Length: ${half}`, `Content-Range: ${range}`)), other.subarray(half)]),
        ),
    ),
    code: undefined,
  },
  {
    name: "continues without saying where",
    answer: afterBreak(
      (socket) => void socket.end(Buffer.concat([Buffer.from(head(206, `Content-Length: ${half}`, 'ETag: "1"')), other.subarray(half)])),
    ),
    code: undefined,
  },
  { name: "refuses to continue", answer: afterBreak((socket) => void socket.end(head(416, "Content-Length: 0"))), code: undefined },
  {
    name: "continues packed",
    answer: afterBreak(
      (socket) =>
        void socket.end(
          Buffer.concat([
            Buffer.from(head(206, `Content-Range: ${range}`, 'ETag: "1"', "Content-Encoding: gzip")),
            gzipSync(honest.subarray(half)),
          ]),
        ),
    ),
    code: /^image-encoded$/,
  },
];

/** Starts a server on loopback that treats every connection so. */
export async function startHostileServer(context: TestContext, { answer }: HostileAnswer): Promise<string> {
  const open = new Set<Socket>();
  let attempts = 0;
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    let request = "";
    const take = (data: Buffer) => {
      request += data.toString("latin1");
      if (!request.includes("\r\n\r\n")) return;
      socket.off("data", take);
      answer(socket, request, attempts);
      attempts += 1;
    };
    socket.on("data", take);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
