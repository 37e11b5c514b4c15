import assert from "node:assert/strict";
import { test } from "node:test";
import { startDomain } from "../../../../src/kinds/guest/start-domain.ts";
import { errorCodes, errorDomains, LibvirtError } from "../../../../src/tools/libvirt/libvirt-error.ts";

const refusal = (domain: number, words: string) =>
  new LibvirtError({ number: errorCodes.internalError, domain, errno: null, words, procedure: "DOMAIN_CREATE_WITH_FLAGS" });

const portTaken = refusal(
  errorDomains.qemu,
  "internal error: qemu unexpectedly closed the monitor: qemu-system-x86_64: -vnc 127.0.0.1:4,audiodev=audio1: Failed to find an available port: Address already in use",
);
const loopTaken = refusal(errorDomains.lxc, "internal error: guest failed to start: Unable to open /dev/loop0: Device or resource busy");

/** How often a start is tried whose first attempts are refused like this, and how it ends. */
async function tried(error: unknown, refusals: number): Promise<{ readonly attempts: number; readonly ended: "started" | "failed" }> {
  let attempts = 0;
  const start = async () => {
    attempts += 1;
    if (attempts <= refusals) throw error;
  };
  const options = { paused: false, signal: new AbortController().signal };
  try {
    await startDomain({ start }, "u1", options, async () => undefined);
    return { attempts, ended: "started" };
  } catch (reason) {
    assert.equal(reason, error);
    return { attempts, ended: "failed" };
  }
}

test("a start whose port or loop device another program took is tried again, four times at most", async () => {
  for (const error of [portTaken, loopTaken]) {
    assert.deepEqual(await tried(error, 1), { attempts: 2, ended: "started" });
    assert.deepEqual(await tried(error, 9), { attempts: 4, ended: "failed" });
  }
});

test("other refusals of QEMU are reported at once", async () => {
  const other = refusal(
    errorDomains.qemu,
    "internal error: qemu unexpectedly closed the monitor: Could not open '/srv/disk': Permission denied",
  );
  assert.deepEqual(await tried(other, 1), { attempts: 1, ended: "failed" });
});
