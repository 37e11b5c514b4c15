/**
 * A proxy on loopback that makes a connection as slow as a distant one: `node delaying-proxy.ts LISTEN TARGET MILLISECONDS FILE`
 * forwards port LISTEN to port TARGET and delays each direction by half of MILLISECONDS. FILE holds the number of round trips so far:
 * how often the client sent something after the server had answered.
 */
import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";

const [listen = 0, target = 0, delay = 0] = process.argv.slice(2, 5).map(Number);
const file = process.argv[5] ?? "/dev/null";
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
  from.setNoDelay(true);
  from.on("data", (data) => {
    seen();
    setTimeout(() => to.write(data), delay / 2);
  });
  from.on("end", () => setTimeout(() => to.end(), delay / 2));
  from.on("error", () => to.destroy());
}
