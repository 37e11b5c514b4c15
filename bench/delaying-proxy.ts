/**
 * A proxy on loopback that makes a connection as slow as a distant one: `node delaying-proxy.ts LISTEN TARGET MILLISECONDS FILE`
 * forwards port LISTEN to port TARGET and delays each direction by half of MILLISECONDS. FILE holds the number of round trips so far:
 * how often the client sent something after the server had answered.
 */
import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";

const [listen = 0, target = 0, delay = 0] = process.argv.slice(2, 5).map(Number);
const file = process.argv[5] ?? "/dev/null";
/** Timers of Node count whole milliseconds and end up to one too late: in a plan of sixteen round trips, ten milliseconds. */
const timerMs = 1.1;
const sleeping = new Int32Array(new SharedArrayBuffer(4));
let turns = 0;

createServer((client) => {
  const server = connect(target, "127.0.0.1");
  let answered = true;
  forward(client, server, () => {
    if (!answered) return;
    answered = false;
    turns += 1;
    writeFileSync(file, String(turns));
  });
  forward(server, client, () => {
    answered = true;
  });
}).listen(listen, "127.0.0.1", () => writeFileSync(file, "0"));

function forward(from: Socket, to: Socket, seen: () => void): void {
  const waiting: { readonly due: number; readonly pass: () => void }[] = [];
  const later = (pass: () => void) => {
    waiting.push({ due: performance.now() + delay / 2, pass });
    if (waiting.length === 1) passDue(waiting);
  };
  from.setNoDelay(true);
  from.on("data", (data) => {
    later(() => to.write(data));
    seen();
  });
  from.on("end", () => later(() => to.end()));
  from.on("error", () => to.destroy());
}

/** Passes on what is due, and comes back for the rest. The part of a wait that is too short for a timer is slept, which takes no processor time. */
function passDue(waiting: { readonly due: number; readonly pass: () => void }[]): void {
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    const left = next.due - performance.now();
    if (left > timerMs) return void setTimeout(passDue, left - timerMs, waiting);
    if (left > 0) Atomics.wait(sleeping, 0, 0, left);
    next.pass();
    waiting.shift();
  }
}
