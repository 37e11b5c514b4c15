import { facts } from "../../../support/observed.ts";
import { action, change, planOf } from "../support.ts";

const GiB = 2 ** 30;
const before = "#cloud-config\npackages:\n  - nginx\n  - curl\nruncmd:\n  - systemctl enable nginx\n  - echo ready\n";
const after = "#cloud-config\npackages:\n  - nginx\n  - curl\n  - jq\nruncmd:\n  - systemctl enable --now nginx\n  - echo ready\n";
const stop = action("domain/web-2", "stop", { summary: "shut down the guest", effect: "restart", makes: facts(["domain/web-2:stopped"]) });

/** One of everything: updates of each effect, a replacement that loses a disk, a deletion, secrets, text, hostile names. */
export const plan = planOf(
  [
    change("disk/web-0.root", "update", {
      cause: "drift",
      reason: "it is smaller than its flavor says",
      fields: [{ path: "size", old: 10 * GiB, new: 20 * GiB, effect: "live", cause: "drift" }],
      actions: [action("disk/web-0.root", "grow", { summary: "grow from 10GiB to 20GiB", effect: "live" })],
    }),
    change("seed/web-0", "update", {
      reason: "its content changed",
      fields: [
        { path: "user_data", old: before, new: after, effect: "next_boot", cause: "config" },
        { path: "admin_password", old: "hunter2", new: "hunter3", effect: "next_boot", cause: "config", sensitive: true },
        { path: "metadata.role", new: "web", effect: "next_boot", cause: "config" },
        { path: "metadata.note", old: "", effect: "next_boot", cause: "config" },
      ],
      actions: [
        action("seed/web-0", "build", { summary: "rebuild iso9660 config drive, seen at the next cold start", effect: "next_boot" }),
      ],
    }),
    change("domain/web-1", "update", {
      cause: "both",
      reason: "2 fields differ",
      fields: [
        { path: "vcpus", old: 1, new: 2, effect: "next_boot", cause: "config" },
        { path: "memory", old: 3 * GiB, new: 2 * GiB, effect: "live", cause: "drift" },
        { path: "interfaces.0", old: { type: "network", source: "default" }, new: { type: "bridge", source: "br0" }, effect: "live" },
      ],
      actions: [action("domain/web-1", "define", { summary: "redefine", effect: "next_boot" })],
    }),
    change("disk/web-2.root", "replace", {
      reason: "image changed",
      fields: [{ path: "image", old: "debian-12", new: "debian-13", effect: "rebuild", cause: "config" }],
      actions: [
        stop,
        action("disk/web-2.root", "remove", {
          summary: "remove",
          effect: "rebuild",
          destroys: "20GiB disk web-2.root",
          needs: facts(["domain/web-2:stopped"]),
          makes: facts(["disk/web-2.root:gone"]),
        }),
        action("disk/web-2.root", "create", {
          summary: "create qcow2 disk of 20GiB from debian-13",
          needs: facts(["disk/web-2.root:gone"]),
          cost: { moves: { copy: 1.5 * GiB }, takes: { thin: 1.5 * GiB, full: 20 * GiB } },
        }),
      ],
      before: { image: "debian-12", size: 20 * GiB },
      after: { image: "debian-13", size: 20 * GiB },
    }),
    change("disk/web-3.root", "delete", {
      reason: "no longer in the configuration",
      fields: [
        { path: "image", old: null },
        { path: "size", old: 5 * GiB },
      ],
      actions: [action("disk/web-3.root", "remove", { summary: "remove", effect: "rebuild", destroys: "5GiB disk web-3.root" })],
    }),
    change("domain/web-3", "delete", { reason: "found as \u001b[2Jevil\u202e, no longer in the configuration" }),
  ],
  {
    unchanged: [{ address: "image/debian-13", before: { source: "https://example.org/debian-13.qcow2" } }],
    diagnostics: [
      { severity: "warning", code: "flavor-tight", summary: "The host is nearly full", detail: "After this plan 3GiB are free." },
      { severity: "note", code: "interrupted-apply", summary: "An earlier apply was interrupted", detail: "" },
    ],
  },
);
