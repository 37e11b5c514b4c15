/** A question whose answer is shared by all who ask the same while it is on its way: kinds look at the same time. */
export function sharedWhileAsked<Answer>(ask: (about: string) => Promise<Answer>): (about: string) => Promise<Answer> {
  const asked = new Map<string, Promise<Answer>>();
  return (about) => {
    const before = asked.get(about);
    if (before !== undefined) return before;
    const answer = ask(about).finally(() => asked.delete(about));
    asked.set(about, answer);
    return answer;
  };
}
