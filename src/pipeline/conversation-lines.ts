// Order per conversation at one endpoint: which batch may be posted when, so that the reports of a conversation (a sender and a user) arrive one
// after the other, each after the success or the end of the one before. Every conversation has a line of the unfinished batches that carry
// reports of it; a batch may be posted when it is first in all of its lines.

/** The lines of one endpoint. */
export interface ConversationLines {
  /** A new batch, behind all others. */
  add(id: string): void;
  /** A batch carries one more report of a conversation: it stands in that line from now on, at its end. */
  join(id: string, conversation: string): void;
  /** The batch at the end of a line. */
  lastOf(conversation: string): string | undefined;
  /** Whether a batch must wait for another. One that is in no line need not. */
  isBlocked(id: string): boolean;
  /** A batch is finished. Returns those that may be posted since. */
  leave(id: string): string[];
  /** Parts take the place of a batch, in their order. `conversations` are those of the part's reports. */
  replace(id: string, parts: readonly { id: string; conversations: readonly string[] }[]): void;
  /** Batches that need not wait, oldest first, some at most. */
  firsts(limit: number): string[];
  /** Reports in all batches. */
  reports(): number;
}

interface Standing {
  rank: number;
  reports: number;
  conversations: Set<string>;
}

/** No lines. */
export function createConversationLines(): ConversationLines {
  const lines = new Map<string, string[]>();
  const batches = new Map<string, Standing>();
  let ranks = 0;
  let reports = 0;
  const rankOf = (id: string): number => batches.get(id)?.rank ?? 0;
  function isBlocked(id: string): boolean {
    for (const conversation of batches.get(id)?.conversations ?? [])
      if (lines.get(conversation)?.[0] !== id) return true;
    return false;
  }
  return {
    add(id) {
      ranks += 1;
      batches.set(id, { rank: ranks, reports: 0, conversations: new Set() });
    },
    join(id, conversation) {
      const batch = batches.get(id);
      if (batch === undefined) return;
      batch.reports += 1;
      reports += 1;
      if (batch.conversations.has(conversation)) return;
      batch.conversations.add(conversation);
      const line = lines.get(conversation);
      if (line === undefined) lines.set(conversation, [id]);
      else line.push(id);
    },
    lastOf: (conversation) => lines.get(conversation)?.at(-1),
    isBlocked,
    leave(id) {
      const batch = batches.get(id);
      if (batch === undefined) return [];
      const next = new Set<string>();
      for (const conversation of batch.conversations) {
        const line = (lines.get(conversation) ?? []).filter((other) => other !== id);
        if (line.length === 0) lines.delete(conversation);
        else lines.set(conversation, line);
        if (line[0] !== undefined) next.add(line[0]);
      }
      batches.delete(id);
      reports -= batch.reports;
      return [...next].filter((other) => !isBlocked(other));
    },
    replace(id, parts) {
      const batch = batches.get(id);
      if (batch === undefined) return;
      for (const conversation of batch.conversations) {
        const own = parts.filter(({ conversations }) => conversations.includes(conversation)).map((part) => part.id);
        const line = lines.get(conversation) ?? [];
        lines.set(
          conversation,
          line.flatMap((other) => (other === id ? own : [other])),
        );
      }
      batches.delete(id);
      reports -= batch.reports;
      for (const { id: part, conversations } of parts) {
        batches.set(part, { rank: batch.rank, reports: conversations.length, conversations: new Set(conversations) });
        reports += conversations.length;
      }
    },
    firsts(limit) {
      const ids = [...batches.keys()].filter((id) => !isBlocked(id));
      return ids.sort((a, b) => rankOf(a) - rankOf(b)).slice(0, limit);
    },
    reports: () => reports,
  };
}

/** The conversation that a report's body tells of: its two numbers, whoever wrote, or its template. What has neither is a conversation by itself. */
export function conversationOf({ seq, body }: { seq: number; body: string }): string {
  // Parse boundary: the result of a report, made by ourselves.
  const { from, to, messageTemplateId } = JSON.parse(body) as Readonly<Record<string, unknown>>;
  if (typeof messageTemplateId === 'string') return `template ${messageTemplateId}`;
  if (typeof from !== 'string' || typeof to !== 'string') return `report ${seq}`;
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}
