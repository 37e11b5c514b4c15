import assert from "node:assert/strict";
import { test } from "node:test";
import { shellGuest, shellOf } from "./support/shell-guest.ts";
import { until } from "./support/until.ts";
import { runProgram, virtform } from "./support/virtform.ts";
import { apply, assertConverged, createWorkspace, guestImages, roomy, writeConfig } from "./support/workspace.ts";

/** A guest agent that reads files, one at a time. */
const agent = `for port in /sys/class/virtio-ports/*; do [ "$(cat "$port/name")" = org.qemu.guest_agent.0 ] && break; done
exec 3<>"/dev/\${port##*/}"
answer() { printf '%s\\n' "$1" >&3; }
value() { printf '%s' "$line" | sed -n "s/.*\\"$1\\" *: *\\"\\{0,1\\}\\([^\\",} ]*\\).*/\\1/p"; }
while :; do
  read -r line <&3 || { sleep 1; continue; }
  line=$(printf '%s' "$line" | tr -d '\\377')
  case $(value execute) in
    guest-sync) answer "{\\"return\\": $(value id)}" ;;
    guest-sync-delimited) printf '\\377{"return": %s}\\n' "$(value id)" >&3 ;;
    guest-file-open)
      file=$(value path)
      [ -e "$file" ] && answer '{"return": 1000}' || answer '{"error": {"class": "GenericError", "desc": "failed to open file"}}' ;;
    guest-file-read)
      answer "{\\"return\\": {\\"count\\": $(wc -c <"$file"), \\"buf-b64\\": \\"$(base64 "$file" | tr -d '\\n')\\", \\"eof\\": true}}" ;;
    guest-file-close) answer '{"return": {}}' ;;
    ?*) answer '{"error": {"class": "CommandNotFound", "desc": "it has not been found"}}' ;;
  esac
done
`;

test("an apply learns from the guest agent how cloud-init ended, where the console says nothing", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-web`;
  await writeConfig(workspace, {
    host: { allocation_ratio: { ...roomy, disk: 100 } },
    images: guestImages(await shellGuest(workspace.directory)),
    flavors: { small: { vcpus: 1, ram: "128MiB", disk: "64MiB" } },
    instances: {
      [name]: { image: "tiny", flavor: "small", config_drive: false, guest_agent: true, wait_for: { what: "cloud_init", timeout: "5m" } },
    },
  });
  const first = virtform("apply", workspace.directory, "--auto-approve");
  const running = () => runProgram("virsh", ["-c", "qemu:///system", "domstate", name]);
  await until("the guest to run", 120, async () => ((await running()).stdout.trim() === "running" ? true : undefined));
  const shell = await shellOf(t, workspace, name);
  await shell.run(`echo ${Buffer.from(agent).toString("base64")} | base64 -d >/tmp/agent`);
  await shell.start("sh /tmp/agent");
  const ended = (errors: readonly string[]) =>
    shell.run(`mkdir -p /run/cloud-init; echo '${JSON.stringify({ v1: { datasource: null, errors } })}' >/run/cloud-init/result.json`);
  await ended(["Runparts: 1 failures (runcmd) in 1 attempted commands"]);
  const { code, stdout, stderr } = await first;
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout + stderr, new RegExp(`cloud-init of ${name} failed: Runparts: 1 failures`));

  await ended([]);
  await apply(workspace);
  await assertConverged(workspace);
});
