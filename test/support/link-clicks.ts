// People who click at a steady rate, whether or not they are answered: raw sockets, since what drives must cost less than what is driven.
import { connect, type Socket } from 'node:net';
import { PHONE } from './links.js';

/** A click's end: the status it was answered with, undefined when the connection broke first. */
export type OnClick = (id: string, status: number | undefined) => void;

/** Clicks under way. */
export interface Clicking {
  /** Clicks begun up to now, and for how long, ms. */
  begun(): { clicks: number; ms: number };
  /** Begins no more; resolves when all that were begun have ended. */
  stop(): Promise<void>;
}

const TICK_MS = 5;
const SOCKETS_MAX = 512;
const STATUS_AT = 'HTTP/1.1 '.length;

interface Clicker {
  socket: Socket;
  id: string | undefined;
  received: string;
}

/** Clicks on `next()` link after link, `perSecond` of them, until it gives none. */
export function startClicks(
  base: string,
  perSecond: number,
  next: () => string | undefined,
  onClick: OnClick,
): Clicking {
  const { hostname, port, host } = new URL(base);
  const open = new Set<Clicker>();
  const idle: Clicker[] = [];
  const waiting: string[] = [];
  const startedAt = performance.now();
  let clicks = 0;
  let underWay = 0;
  let endedMs: number | undefined;
  let isIdle: (() => void) | undefined;

  function end(clicker: Clicker, status: number | undefined): void {
    const { id } = clicker;
    clicker.id = undefined;
    clicker.received = '';
    if (id === undefined) return;
    onClick(id, status);
    underWay -= 1;
    if (status === 302) reuse(clicker);
    else clicker.socket.destroy();
    if (underWay === 0) isIdle?.();
  }

  function reuse(clicker: Clicker): void {
    const id = waiting.shift();
    if (id === undefined) idle.push(clicker);
    else ask(clicker, id);
  }

  function ask(clicker: Clicker, id: string): void {
    clicker.id = id;
    clicker.socket.write(`GET /${id} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: ${PHONE}\r\n\r\n`);
  }

  function openClicker(): Clicker {
    const clicker: Clicker = { socket: connect({ host: hostname, port: Number(port) }), id: undefined, received: '' };
    open.add(clicker);
    clicker.socket.setNoDelay(true).setEncoding('latin1');
    clicker.socket.on('data', (chunk: string) => {
      clicker.received += chunk;
      if (clicker.received.includes('\r\n\r\n')) end(clicker, Number(clicker.received.slice(STATUS_AT, STATUS_AT + 3)));
    });
    clicker.socket.on('error', () => {});
    clicker.socket.on('close', () => {
      open.delete(clicker);
      const at = idle.indexOf(clicker);
      if (at >= 0) idle.splice(at, 1);
      end(clicker, undefined);
      const id = waiting.shift();
      if (id !== undefined) ask(openClicker(), id);
    });
    return clicker;
  }

  function begin(id: string): void {
    clicks += 1;
    underWay += 1;
    const clicker = idle.pop() ?? (open.size < SOCKETS_MAX ? openClicker() : undefined);
    if (clicker === undefined) waiting.push(id);
    else ask(clicker, id);
  }

  function stopTicking(): void {
    clearInterval(timer);
    endedMs ??= performance.now() - startedAt;
  }

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    while (clicks < due) {
      const id = next();
      if (id === undefined) {
        stopTicking();
        return;
      }
      begin(id);
    }
  }, TICK_MS);
  return {
    begun: () => ({ clicks, ms: endedMs ?? performance.now() - startedAt }),
    async stop() {
      stopTicking();
      if (underWay > 0)
        await new Promise<void>((resolve) => {
          isIdle = resolve;
        });
      for (const { socket } of open) socket.destroy();
    },
  };
}
