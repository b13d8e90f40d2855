// What sends short messages: one of these an account, whatever it speaks.

/** A short message to send. */
export interface Sms {
  /** Our UUID of the message that it stands for, and the day it was accepted on, yyyymmdd. */
  message: string;
  day: number;
  from: string;
  /** Digits with country code. */
  to: string;
  text: string;
  /** Pieces that the other side has already: they are not sent again. */
  taken: ReadonlySet<number>;
}

/**
 * What became of one piece. `taken`: the other side has it, under `id`. `refused`: for good. `later`: it was not sent, or refused for
 * now. `unknown`: it was written and nobody answered.
 */
export type PieceAnswer =
  | { piece: number; kind: 'taken'; id: string }
  | { piece: number; kind: 'refused' | 'later' | 'unknown'; reason: string };

/** What a receipt says of a piece that was taken under `id`, sent to `recipient` if it names one, digits. */
export interface Receipt {
  id: string;
  recipient?: string;
  outcome: 'delivered' | 'failed' | 'expired';
  /** The other side's own word for it. */
  detail: string;
}

/** The way to one provider. */
export interface SmsProvider {
  /** Whether something can be sent now; when not, it says when it can by `onReady`. */
  isReady(): boolean;
  /** Sends what is not taken yet and answers for each of these pieces. Never rejects. */
  send(sms: Sms): Promise<PieceAnswer[]>;
  /** How many pieces such a text is sent in. */
  piecesOf(text: string): number;
  /** Sends nothing more, waits shortly for what is under way, and closes. */
  stop(): Promise<void>;
}

/** What a provider tells. */
export interface SmsEvents {
  /** Resolves when the receipt is on disk. When it rejects, the other side is asked to repeat it. */
  onReceipt(receipt: Receipt): Promise<void>;
  onReady(): void;
  /** For the log: what happened to the connection. */
  onTrouble(reason: string): void;
}
