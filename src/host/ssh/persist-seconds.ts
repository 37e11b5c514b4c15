import { userError } from "../../model/errors.ts";

const usual = 60;
const longest = 86_400;

/**
 * How long a connection over ssh stays after the command that used it, in seconds: what VIRTFORM_SSH_PERSIST says, 0 for not at all. Throws a
 * UserError for anything but a whole number up to a day.
 */
export function persistSeconds({ VIRTFORM_SSH_PERSIST: text = "" }: Readonly<Record<string, string | undefined>>): number {
  if (text === "") return usual;
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= longest) return seconds;
  throw userError(
    "bad-ssh-persist",
    `VIRTFORM_SSH_PERSIST: "${text}" is not a number of seconds`,
    `It says how long a connection over ssh stays after a command. Set a whole number from 0 to ${longest}; 0 ends it with the command, the default is ${usual}.`,
  );
}
