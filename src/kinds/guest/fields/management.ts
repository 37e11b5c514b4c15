import { find, textAt } from "../../../tools/xml.ts";
import { usualShutdown } from "../../terms/shutdown.ts";
import { at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { findMark, liveDrive, newDrive, oldDrive } from "../live/drive.ts";
import { findLabel, findNova, labelOf, novaOf } from "../metadata.ts";
import { numberOf } from "./read.ts";
import { set, setText } from "./write.ts";

/** What the metadata of a guest records. */
export const managementFields: readonly GuestField[] = [
  {
    path: "power_state",
    ofAdopted: true,
    headline: 6,
    want: ({ powerState }) => powerState,
    owns: ["metadata/virtform:instance/virtform:power_state"],
    write: (domain, value) => setText(at(labelOf(domain), "virtform:power_state"), value),
    read: (domain) => textAt(findLabel(domain), "virtform:power_state"),
  },
  {
    path: "prevent_destroy",
    ofAdopted: true,
    cosmetic: true,
    want: ({ preventDestroy }) => preventDestroy,
    owns: ["metadata/virtform:instance/virtform:prevent_destroy"],
    write: (domain, value) => setText(at(labelOf(domain), "virtform:prevent_destroy"), value),
    // Only an explicit "false" lifts the protection.
    read: (domain) => {
      const label = findLabel(domain);
      return label === undefined ? undefined : textAt(label, "virtform:prevent_destroy") !== "false";
    },
  },
  {
    path: "shutdown_timeout",
    ofAdopted: true,
    cosmetic: true,
    want: ({ shutdown: { seconds } }) => (seconds === usualShutdown.seconds ? null : seconds),
    owns: ["metadata/virtform:instance/virtform:shutdown_timeout"],
    write: (domain, value) => setText(at(labelOf(domain), "virtform:shutdown_timeout"), value),
    read: (domain) => numberOf(textAt(findLabel(domain), "virtform:shutdown_timeout")),
  },
  {
    path: "shutdown_force",
    ofAdopted: true,
    cosmetic: true,
    want: ({ shutdown: { force } }) => (force ? null : false),
    owns: ["metadata/virtform:instance/virtform:shutdown_force"],
    write: (domain, value) => setText(at(labelOf(domain), "virtform:shutdown_force"), value),
    read: (domain) => (textAt(findLabel(domain), "virtform:shutdown_force") === "false" ? false : undefined),
  },
  {
    path: "config_drive",
    // Only the label of a running guest says so, until it has the drive that was built meanwhile.
    want: () => null,
    missing: newDrive,
    running: liveDrive,
    owns: ["metadata/virtform:instance/virtform:config_drive"],
    read: (domain) => (findMark(domain) === undefined ? undefined : oldDrive),
  },
  {
    path: "rescue",
    // Nova RES-01, RES-02: a rescue takes effect at once, not at a later start.
    running: "restart",
    want: ({ rescue }) => rescue,
    owns: ["metadata/virtform:instance/virtform:rescue"],
    write: (domain, value) => setText(at(labelOf(domain), "virtform:rescue"), value),
    read: (domain) => textAt(findLabel(domain), "virtform:rescue"),
  },
  {
    path: "flavor",
    headline: 2,
    cosmetic: true,
    want: ({ flavor }) => flavor.name,
    owns: ["metadata/nova:instance/nova:flavor"],
    // Nova XML-03.
    write: (domain, value, { flavor, memory, vcpus }) => {
      const whole = (bytes: number, unit: number) => String(Math.ceil(bytes / unit));
      const described = set(at(novaOf(domain), "nova:flavor"), "name", value);
      setText(at(described, "nova:memory"), whole(memory, 2 ** 20));
      setText(at(described, "nova:disk"), whole(flavor.disk, 2 ** 30));
      setText(at(described, "nova:swap"), whole(flavor.swap, 2 ** 20));
      setText(at(described, "nova:ephemeral"), whole(flavor.ephemeral, 2 ** 30));
      setText(at(described, "nova:vcpus"), vcpus);
    },
    read: (domain) => find(findNova(domain), "nova:flavor")?.attributes["name"],
  },
  {
    path: "image",
    headline: 1,
    cosmetic: true,
    want: ({ image }) => image,
    owns: ["metadata/nova:instance/nova:root"],
    write: (domain, value) => {
      set(set(at(novaOf(domain), "nova:root"), "type", "image"), "name", value);
    },
    read: (domain) => find(findNova(domain), "nova:root")?.attributes["name"],
  },
];

/** Whether libvirt starts a guest with the host, which it keeps beside the definition. */
export const autostartFields: readonly GuestField[] = [
  {
    path: "autostart",
    running: "none",
    // An adopted guest that is not to start with the host says so.
    want: ({ values }) => values["autostart"] === true || null,
    look: ({ autostart }) => autostart || undefined,
    set: (libvirt, uuid, value) => libvirt.setAutostart(uuid, value === true),
  },
];

/** Whether libvirt keeps the definition of a guest. */
export const persistenceFields: readonly GuestField[] = [
  {
    path: "persistent",
    fixed: true,
    running: "none",
    want: () => true,
    // Defining a domain makes it persistent.
    look: ({ persistent }) => persistent,
  },
];
