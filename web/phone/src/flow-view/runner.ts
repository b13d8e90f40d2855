// Runs an open flow: keeps its state, asks its endpoint, and says what is in the way.
import { useEffect, useRef, useState } from 'preact/hooks';
import { CallError } from '../api/client.js';
import { type FlowDocument, readFlow } from '../flow/document.js';
import { textOf } from '../flow/expression.js';
import { answer, arrive, begin, type Effect, goBack, type Moved, press, type Run } from '../flow/run.js';
import { texts } from '../texts.js';
import type { Exchange, FlowSource, Opening, Outcome } from './source.js';

/** Something that the user has to know before going on. */
export interface Trouble {
  /** For the user, and for whoever builds the flow. */
  said: string;
  detail: string;
  retry: (() => void) | undefined;
}

/** What the screen shows and does. */
export interface Runner {
  run: Run | undefined;
  isAsking: boolean;
  trouble: Trouble | undefined;
  /** What the endpoint says beside the screen (`error_message`). */
  notice: string;
  /** How many times the screen changed: the focus goes to a new one. */
  steps: number;
  change(name: string, value: unknown): void;
  act(action: unknown, isFooter?: boolean): void;
  back(): void;
  /** Puts the trouble away. */
  dismiss(): void;
}

interface State {
  run: Run | undefined;
  isAsking: boolean;
  trouble: Trouble | undefined;
  notice: string;
  steps: number;
}

const NOTHING: State = { run: undefined, isAsking: false, trouble: undefined, notice: '', steps: 0 };

/** Opens the flow and keeps it open until the component goes. `finish` hears of its end, `close` of leaving it. */
export function useRunner(
  opening: Opening,
  source: FlowSource,
  { close, finish }: { close(): void; finish(response: unknown): void },
): Runner {
  const [, redraw] = useState(0);
  const state = useRef<State>(NOTHING);
  const isGone = useRef(false);
  const set = (patch: Partial<State>) => {
    state.current = { ...state.current, ...patch };
    if (!isGone.current) redraw((count) => count + 1);
  };
  const go = ({ run, effect }: Moved) => {
    const isMoved = run.visits.length !== state.current.run?.visits.length;
    set({ run, notice: '', ...(isMoved ? { steps: state.current.steps + 1 } : {}) });
    if (effect !== undefined) void perform(effect);
  };
  async function perform(effect: Effect): Promise<void> {
    if (effect.kind === 'close') return close();
    if (effect.kind === 'open') {
      if (/^https?:\/\//.test(effect.url)) window.open(effect.url, '_blank', 'noopener,noreferrer');
      return;
    }
    if (state.current.isAsking) return;
    set({ isAsking: true, trouble: undefined });
    try {
      if (effect.kind === 'complete') {
        await source.complete(effect.payload);
        finish(effect.payload);
      } else await exchange(effect);
    } catch (error) {
      const detail = error instanceof CallError ? error.message : String(error);
      set({ trouble: { said: texts.flow.failed, detail, retry: () => void perform(effect) } });
    } finally {
      set({ isAsking: false });
    }
  }
  async function exchange(step: Exchange & { kind: 'exchange' }): Promise<void> {
    const { kind: _, ...asked } = step;
    const outcome = await source.exchange(asked);
    if (isGone.current) return;
    follow(outcome, () => void perform(step));
  }
  function follow(outcome: Outcome, again: () => void): void {
    if (outcome.kind === 'completed') {
      finish(outcome.response);
      return;
    }
    if (outcome.kind === 'error') {
      const { said, message, isFinal } = outcome;
      set({ trouble: { said: said || texts.flow.failed, detail: message, retry: isFinal ? undefined : again } });
      return;
    }
    const document = state.current.run?.document ?? readFlow(opening.json);
    if (document === undefined) return;
    const { run } = state.current;
    const next =
      run === undefined ? begin(document, outcome.screen, outcome.data) : arrive(run, outcome.screen, outcome.data);
    go({ run: next });
    set({ notice: textOf(outcome.data.error_message) });
  }
  useEffect(() => {
    isGone.current = false;
    state.current = NOTHING;
    const document = readFlow(opening.json);
    const first = firstScreen(document, opening);
    if (opening.action === 'data_exchange') void perform({ kind: 'exchange', action: 'INIT' });
    else if (document === undefined || first === undefined)
      set({ trouble: { said: texts.flow.failed, detail: texts.flow.noScreen, retry: undefined } });
    else go({ run: begin(document, first, opening.data) });
    return () => {
      isGone.current = true;
    };
  }, [opening]);
  const { current } = state;
  return {
    ...current,
    change: (name, value) =>
      current.run !== undefined && set({ run: answer(state.current.run ?? current.run, name, value) }),
    act(action, isFooter) {
      const { run, isAsking } = state.current;
      if (run !== undefined && !isAsking) go(press(run, action, isFooter));
    },
    back() {
      const { run, isAsking } = state.current;
      if (run === undefined || isAsking) close();
      else go(goBack(run));
    },
    dismiss: () => set({ trouble: undefined }),
  };
}

function firstScreen(document: FlowDocument | undefined, { screen }: Opening): string | undefined {
  const first = screen === '' ? document?.entries[0] : screen;
  return first !== undefined && document?.screens.has(first) === true ? first : undefined;
}
