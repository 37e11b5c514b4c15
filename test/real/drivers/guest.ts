import { randomUUID } from "node:crypto";
import type { DiskAttachment, NetworkAttachment } from "../../../src/drivers/driver.ts";

/** A guest under the real libvirt, without an operating system and halted, which has disks all the same. */
export interface Guest extends Disposable {
  readonly uuid: string;
  /** Gives it other disks with its next start: `vda`, `vdb`, and so on, in this order. */
  redefine(disks: readonly DiskAttachment[]): void;
  /** Bytes of the disk that it has under this name now. */
  sizeOf(target: string): number;
  stop(): void;
}

/** Where a guest is: runs virsh there, and puts a text into a file there. */
export interface GuestMachine {
  virsh(...args: readonly string[]): string;
  write(path: string, text: string): void;
}

/** Starts one with these disks. `scratch`: a file of the machine to write its definition to. */
export function startGuest(on: GuestMachine, scratch: string, disks: readonly DiskAttachment[]): Guest {
  const uuid = randomUUID();
  const name = `vfgrow-${process.pid}-${uuid.slice(0, 8)}`;
  let running = false;
  const define = (some: readonly DiskAttachment[]) => {
    on.write(scratch, document(name, uuid, some));
    on.virsh("define", scratch);
  };
  const stop = () => {
    if (running) on.virsh("destroy", uuid);
    running = false;
  };
  const end = () => {
    stop();
    on.virsh("undefine", uuid);
  };
  define(disks);
  try {
    on.virsh("start", "--paused", uuid);
  } catch (error) {
    end();
    throw error;
  }
  running = true;
  return {
    uuid,
    redefine: define,
    stop,
    // Before its disks go: what is in use cannot be removed everywhere.
    [Symbol.dispose]: end,
    sizeOf: (target) => Number(/^Capacity: +(\d+)$/m.exec(on.virsh("domblkinfo", uuid, target))?.[1]),
  };
}

function document(name: string, uuid: string, disks: readonly DiskAttachment[]): string {
  return `<domain type="qemu"><name>${name}</name><uuid>${uuid}</uuid><memory unit="MiB">32</memory>
<os><type arch="x86_64" machine="pc">hvm</type></os><devices>${disks.map(diskXml).join("\n")}</devices></domain>\n`;
}

function diskXml(disk: DiskAttachment, index: number): string {
  const target = `vd${String.fromCharCode(97 + index)}`;
  return `<disk type="${disk.type}" device="disk"><driver name="qemu" type="${disk.format}"/>${sourceXml(disk)}${encryptionXml(disk)}<target dev="${target}" bus="virtio"/></disk>`;
}

function encryptionXml({ secretUuid }: DiskAttachment): string {
  return secretUuid === null ? "" : `<encryption format="luks"><secret type="passphrase" uuid="${secretUuid}"/></encryption>`;
}

function sourceXml(disk: DiskAttachment): string {
  if (disk.type === "file") return `<source file="${disk.source}"/>`;
  if (disk.type === "block") return `<source dev="${disk.source}"/>`;
  const hosts = (disk as NetworkAttachment).hosts.map(({ name, port }) => `<host name="${name}" port="${port}"/>`);
  return `<source protocol="rbd" name="${disk.source}">${hosts.join("")}</source>`;
}
