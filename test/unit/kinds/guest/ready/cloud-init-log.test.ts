import assert from "node:assert/strict";
import { test } from "node:test";
import { cloudInitLog } from "../../../../../src/kinds/guest/ready/cloud-init-log.ts";
import { consoleTail } from "../../../../../src/kinds/guest/ready/console-tail.ts";

const started = "[    8.1] cloud-init[201]: Cloud-init v. 22.4.2 running 'init-local' at Sun, 29 Nov 2026 13:00:00 +0000. Up 8.01 seconds.";
const finished =
  "[   21.4] cloud-init[377]: Cloud-init v. 22.4.2 finished at Sun, 29 Nov 2026 13:00:14 +0000. Datasource DataSourceConfigDrive [net,ver=2][source=/dev/sr0].  Up 21.39 seconds";
const module =
  "[   21.3] cloud-init[377]: 2026-11-29 13:00:14,010 - util.py[WARNING]: Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)";

test("cloud-init is done when its log has the line of its end", () => {
  assert.deepEqual(cloudInitLog(""), { status: "running", errors: [] });
  assert.deepEqual(cloudInitLog(started), { status: "running", errors: [] });
  assert.deepEqual(cloudInitLog(`${started}\r\n${finished}\r\n`), { status: "done", errors: [] });
});

test("errors of cloud-init are reported once each, after its end", () => {
  const error = "Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)";
  assert.deepEqual(cloudInitLog([started, module].join("\n")), { status: "running", errors: [error] });
  assert.deepEqual(cloudInitLog([started, module, module, finished].join("\n")), { status: "error", errors: [error] });
  // cloud-init 22.4.2 of Debian 12.
  const locale =
    "[  266.898833] cloud-init[406]: 2026-11-29 14:14:15,581 - util.py[WARNING]: Running module locale (<module 'cloudinit.config.cc_locale' from '/usr/lib/python3/dist-packages/cloudinit/config/cc_locale.py'>) failed";
  assert.deepEqual(cloudInitLog([started, locale, finished].join("\n")), { status: "error", errors: ["Running module locale failed"] });
  const yaml = "2026-11-29 13:00:05 - util.py[WARNING]: Failed loading yaml blob. Invalid format at line 2 column 3";
  assert.deepEqual(cloudInitLog([yaml, finished].join("\n")).errors, ["Failed loading yaml blob. Invalid format at line 2 column 3"]);
  const status = "[   30.0] run[1]: cloud-init status: error";
  assert.equal(cloudInitLog([status, finished].join("\n")).status, "error");
});

test("a last stage that fails ends it", () => {
  const unit =
    "[\u001b[0;1;31mFAILED\u001b[0m] Failed to start \u001b[0;1;39mcloud-final.service\u001b[0m - Execute cloud user/final scripts.";
  assert.deepEqual(cloudInitLog([started, unit].join("\n")), {
    status: "error",
    errors: ["[FAILED] Failed to start cloud-final.service - Execute cloud user/final scripts."],
  });
});

test("so does one that systemd reports in the log of the kernel", () => {
  const unit = "[  301.512331] systemd[1]: Failed to start cloud-final.service - Execute cloud user/final scripts.";
  assert.equal(cloudInitLog([started, unit].join("\n")).status, "error");
  const other = "[  301.512331] systemd[1]: Failed to start nginx.service - A high performance web server.";
  assert.deepEqual(cloudInitLog([started, other].join("\n")), { status: "running", errors: [] });
});

test("only the last boot counts", () => {
  assert.equal(cloudInitLog([started, module, finished, started].join("\n")).status, "running");
  assert.equal(cloudInitLog([started, module, finished, started, finished].join("\n")).status, "done");
});

test("the end of a console log leaves out what cloud-init prints at the end of every boot", () => {
  const keys = [
    "ci-info: no authorized SSH keys fingerprints found for user debian.",
    "<14>Nov 29 14:15:15 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----",
    "-----BEGIN SSH HOST KEY KEYS-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCm/C2zaHrk2Mb5Dm3Zgcf+aQX2RYj0W3ffk30qiW+y root@web",
    "-----END SSH HOST KEY KEYS-----",
  ];
  assert.deepEqual(
    consoleTail([module, ...keys, finished].join("\r\n")),
    [module, finished].map((line) => line.slice(0, 160)),
  );
});

test("what a guest writes is bounded and cannot obey a terminal", () => {
  const flood = Array.from({ length: 5000 }, (_, index) => `Failed to run module m${index} ${"x".repeat(3000)}`).join("\n");
  const { errors } = cloudInitLog(`${flood}\n${finished}`);
  assert.equal(errors.length, 5);
  assert.ok(errors.every(({ length }) => length <= 200));
  assert.equal(cloudInitLog(`${"Running module ".repeat(20_000)}\n`).status, "running");
  const tail = consoleTail(`${"a\n".repeat(100)}\u001b]0;title\u0007\u001b[2Jend\r\n\n${"y".repeat(100_000)}\n`);
  assert.equal(tail.length, 12);
  assert.equal(tail.at(-2), "\\u001b]0;title\\u0007end");
  assert.equal(tail.at(-1)?.length, 160);
});
