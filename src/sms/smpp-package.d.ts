// What is used of the package `smpp`, which has no types of its own.
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  /** A protocol data unit. Fields that a command does not have are absent. */
  export interface Pdu {
    command: string;
    command_status: number;
    sequence_number: number;
    message_id?: string;
    source_addr?: string;
    destination_addr?: string;
    system_id?: string;
    password?: string;
    esm_class?: number;
    data_coding?: number;
    registered_delivery?: number;
    short_message?: { message: unknown; udh?: Buffer[] } | Buffer;
    receipted_message_id?: unknown;
    message_state?: unknown;
    response(fields?: Readonly<Record<string, unknown>>): Pdu;
  }

  export class Session extends EventEmitter {
    readonly socket: Socket;
    /** False when the socket is closed; `onResponse` is never called then. */
    send(pdu: Pdu, onResponse?: (response: Pdu) => void): boolean;
    close(): void;
    destroy(): void;
  }

  /** Makes a unit; fields that are not given have their defaults. */
  export const PDU: new (command: string, fields?: Readonly<Record<string, unknown>>) => Pdu;
  export function connect(options: Readonly<Record<string, unknown>>, onConnect: () => void): Session;
  export function createServer(
    options: Readonly<Record<string, unknown>>,
    onSession: (session: Session) => void,
  ): NetServer;
}
