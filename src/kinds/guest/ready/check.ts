import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import { hardwareInput } from "../../config/hardware/hardware-input.ts";
import { hardwareOf } from "../../config/hardware/hardware-of.ts";
import { imageOf } from "../../config/image-of.ts";
import type { Checked } from "../../disk/checked.ts";
import { type GuestWait, guestWait } from "../../terms/guest-wait.ts";

/** Guests that lack what `wait_for` needs: it would only run out of time. */
export function checkWaits({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([entry, instance]): Diagnostic[] => {
    if (instance.wait_for === undefined) return [];
    const { what } = guestWait(instance.wait_for, []);
    const hardware = hardwareOf(hardwareInput(config, entry, instance));
    const isReachable = (instance.networks ?? []).some(({ user }) => user !== true);
    const lack: Readonly<Record<GuestWait["what"], string | undefined>> = {
      agent: hardware["guest_agent"] === false ? "It has guest_agent: false. Remove that, or wait for something else." : undefined,
      address: isReachable ? undefined : withoutNetwork,
      ssh: isReachable ? undefined : withoutNetwork,
      cloud_init: hardware["guest_agent"] === true ? undefined : consoleLack(hardware, imageOf(config, instance)),
    };
    const detail = lack[what];
    if (detail === undefined) return [];
    const summary = `wait_for: ${what} of ${entry} can only run out of time`;
    return [problem("wait-impossible", { summary, detail, address: `domain/${entry}`, key: ["wait_for"] })];
  });
}

/** Why the console does not tell what cloud-init does. Whether a guest has an agent is known only where the configuration says so. */
function consoleLack(hardware: ReturnType<typeof hardwareOf>, image: ReturnType<typeof imageOf>): string | undefined {
  if (hardware["serial_ports"] === 0) return withoutPort;
  return printsElsewhere(image) ? toOtherConsole : undefined;
}

/** A kernel makes the last console of its command line that of programs; Nova's line (XML-06), which is the default, ends with one that guests do not have. */
function printsElsewhere({ kernel, properties = {} }: ReturnType<typeof imageOf>): boolean {
  return kernel !== undefined && !/\bconsole=ttyS0\b(?!.*\bconsole=)/.test(properties["os_command_line"] ?? "");
}

const withoutPort =
  "It has no serial port, and cloud-init is read from the console log of the first one. Remove serial_ports: 0, write guest_agent: true if it has a guest agent, or wait for something else.";
const toOtherConsole =
  'cloud-init is read from the console log, and the kernel of its image does not send there what programs print. Give the image the property os_command_line with console=ttyS0 as its last console ("root=/dev/vda console=ttyS0"), write guest_agent: true if the guest has an agent, or wait for something else.';
const withoutNetwork =
  "It has no network interface by which it can be reached. Connect it to a network or a bridge (networks: [{ network: default }]), or wait for something else.";
