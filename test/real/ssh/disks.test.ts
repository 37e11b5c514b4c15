import { readdirSync } from "node:fs";
import { after } from "node:test";
import { driverOf } from "../../../src/drivers/index.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import type { Context } from "../../../src/model/context.ts";
import { conforms, type Subject } from "../drivers/conformance.ts";
import { startSshd } from "./sshd.ts";

// The suite of the disk backends, on files of a host over ssh.
const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const kept = (context: Context) => readdirSync(context.layout.instance(uuid)).filter((name) => name !== "disk.info");

const flat: Subject = {
  backend: driverOf("flat"),
  on: "real, over ssh",
  preallocates: true,
  growsInside: true,
  wipes: false,
  guests: true,
  place: () => ({ wrap: () => host, open: (_context, disk) => disk.path, kept }),
};

conforms([
  flat,
  { ...flat, backend: driverOf("qcow2"), growsInside: false },
  {
    ...flat,
    backend: driverOf("ploop"),
    preallocates: false,
    place: () => ({ wrap: () => host, open: (_context, disk) => `${disk.path}/root.hds`, kept }),
  },
]);
