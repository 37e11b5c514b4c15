import { isDialError } from "../../../model/channel.ts";
import type { Host } from "../../../model/host.ts";

const sshPort = 22;
const answerMs = 5_000;
/** RFC 4253: a server may send other lines before its banner. */
const longestGreeting = 8_192;

/** Whether an ssh server answers at an address, as seen from the host: it sends its banner. */
export async function sshAnswers(host: Pick<Host, "connect">, address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let greeting = "";
  const listen = (bytes: Buffer) => {
    greeting += bytes.toString("latin1");
    if (/^SSH-/m.test(greeting)) resolve(true);
    else if (greeting.length > longestGreeting) resolve(false);
  };
  try {
    const channel = await host.connect(address, sshPort, listen);
    const timer = setTimeout(() => resolve(false), answerMs);
    void channel.ended.then(() => resolve(false));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      channel.close();
    }
  } catch (error) {
    if (isDialError(error)) return false;
    throw error;
  }
}
