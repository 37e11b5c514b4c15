import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createSshHost } from "../../src/host/ssh/ssh.ts";
import type { Host } from "../../src/model/host.ts";
import { plan } from "../../src/reconcile.ts";
import { onlyHost, openSession, readConfig } from "../../src/session.ts";
import { startSshd } from "./ssh/sshd.ts";
import { apply, createWorkspace, tinyImages, writeConfig } from "./support/workspace.ts";

const surroundings = { runner: { root: true, dataHome: "/root/.local/share" }, lookUpSecret: () => undefined };

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;

test("a plan over a hundred instances makes a handful of round trips", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-many`;
  const write = (uri: string) =>
    writeConfig(workspace, {
      host: { uri, allocation_ratio: { vcpus: 1000, memory: 1000, disk: 1000 } },
      images: tinyImages(),
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "64MiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", count: 100, power_state: "stopped" } },
    });
  await write("qemu:///system");
  await apply(workspace);
  await write(sshd.uri);
  await using session = await openSession(await readConfig([workspace.directory]), surroundings);
  const { context: opened, ...rest } = onlyHost(session);
  const trips: string[] = [];
  const host = createSshHost(sshd.target, { onRoundTrip: (what) => trips.push(what.slice(0, 60)) });
  t.after(() => host.close());
  // Answers are handed over together, some milliseconds later, as a distant host would send them: calls sent before that share a round trip.
  let waiting = false;
  const answers: (() => void)[] = [];
  const deliver = () => {
    waiting = false;
    for (const answer of answers.splice(0)) answer();
  };
  const counted: Host = {
    ...host,
    async dial(path, opening) {
      // What the helper sends of itself costs no round trip.
      const sent = opening === undefined ? [] : [opening.first, opening.second];
      const bytesOf = opening?.further?.bytes;
      const noted = () => {
        const bytes = bytesOf?.() ?? Buffer.alloc(0);
        sent.push(bytes);
        return bytes;
      };
      const given = opening?.further === undefined ? opening : { ...opening, further: { ...opening.further, bytes: noted } };
      const channel = await host.dial(path, given);
      return {
        ended: channel.ended,
        close: () => channel.close(),
        write(bytes) {
          if (sent[0]?.equals(bytes) === true) sent.shift();
          else {
            if (!waiting) trips.push("libvirt");
            waiting = true;
          }
          channel.write(bytes);
        },
        get onData() {
          return channel.onData;
        },
        set onData(call) {
          channel.onData = (bytes) => {
            if (answers.length === 0) setTimeout(deliver, 20);
            answers.push(() => call(bytes));
          };
        },
      };
    },
  };
  const started = performance.now();
  const result = await plan([{ ...rest, qualified: false, context: { ...opened, host: counted }, targets: [], mode: { do: "apply" } }]);
  t.diagnostic(`${trips.length} round trips, ${Math.round(performance.now() - started)} ms: ${trips.join(" | ")}`);
  assert.deepEqual(
    result.changes.map(({ address }) => address),
    [],
  );
  assert.ok(trips.length <= 11, `${trips.length} round trips: ${trips.join(" | ")}`);
  // The lists go with the login: what is left is the definitions, and what other drivers than the hypervisor's are asked.
  const asked = trips.filter((what) => what === "libvirt").length;
  assert.ok(asked <= 3, `${asked} round trips of libvirt`);
});
