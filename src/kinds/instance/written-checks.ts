import type { Diagnostic } from "../../model/diagnostic.ts";
import { checkUri } from "../config/uri-check.ts";
import { checkBlankDisks } from "../disk/blank-check.ts";
import type { Checked } from "../disk/checked.ts";
import { checkEncryption } from "../disk/encryption-check.ts";
import { checkRootDisks } from "../disk/root-check.ts";
import { checkBonds } from "../guest/bond-check.ts";
import { checkBootOrder } from "../guest/boot-order-check.ts";
import { checkContainers } from "../guest/container/check.ts";
import { checkGuestVlans } from "../guest/guest-vlans-check.ts";
import { checkHardware } from "../guest/hardware-check.ts";
import { checkReady } from "../guest/plug/check.ts";
import { checkPortSettings } from "../guest/port-settings-check.ts";
import { checkWaits } from "../guest/ready/check.ts";
import { checkSettings } from "../guest/settings-check.ts";
import { checkInjections } from "./injection-check.ts";
import { checkRescues } from "./rescue-check.ts";
import { checkDrives } from "./seed/drive-check.ts";
import { checkFiles } from "./seed/files-check.ts";

/** Checks of how instances are written. They find mistakes that need no host to be seen, and more with what is known of one. */
export const writtenChecks: readonly ((checked: Checked) => Diagnostic[])[] = [
  ({ config }) => checkUri(config),
  checkContainers,
  checkDrives,
  checkFiles,
  checkInjections,
  checkHardware,
  checkSettings,
  checkBlankDisks,
  checkRootDisks,
  checkBootOrder,
  checkPortSettings,
  ({ config }) => checkBonds(config),
  ({ config }) => checkGuestVlans(config),
  checkWaits,
  checkReady,
  checkRescues,
  checkEncryption,
];
