import assert from "node:assert/strict";
import { test } from "node:test";
import { combinePlans } from "../../../src/model/on-host.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { change, planOf, recordingReporter } from "./support.ts";

const eventHook = ["/usr/local/bin/announce", "all images"];
const changes = [change("image/debian", "create")];

async function reported(format: string, plan: Plan): Promise<string> {
  const { reporter, stdout } = await recordingReporter({ command: "plan", format });
  reporter.event({ type: "plan", plan });
  await reporter.close();
  return stdout.text;
}

test("text and Markdown name the program of host.event_hook", async () => {
  const plan = planOf(changes, { eventHook });
  assert.match(await reported("text", plan), /^Program run here .*\(host\.event_hook\):\n {2}- \/usr\/local\/bin\/announce 'all images'$/m);
  assert.match(await reported("markdown", plan), /\*\*Program run here .*\*\*\n\n- `\/usr\/local\/bin\/announce 'all images'`/);
  assert.deepEqual(JSON.parse(await reported("json", plan)).event_hook, eventHook);
});

test("with several hosts, the program is named with its host", async () => {
  const plan = combinePlans([planOf(changes, { host: "kvm1", eventHook }), planOf(changes, { host: "kvm2" })]);
  assert.match(await reported("text", plan), /^ {2}- kvm1: \/usr\/local\/bin\/announce 'all images'$/m);
  const { hosts } = JSON.parse(await reported("json", plan));
  assert.deepEqual(
    hosts.map(({ event_hook }: { event_hook?: unknown }) => event_hook),
    [eventHook, undefined],
  );
});

test("a plan that changes nothing names no program", async () => {
  assert.doesNotMatch(await reported("text", planOf([], { eventHook })), /event_hook/);
});
