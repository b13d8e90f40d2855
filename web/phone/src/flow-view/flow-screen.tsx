// A flow on the whole screen of the phone, as WhatsApp draws it: its head, its components, its footer.
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { flagOf, wordsOf } from '../flow/binding.js';
import type { Component } from '../flow/document.js';
import { textOf } from '../flow/expression.js';
import { isInput, type Shown } from '../flow/fields.js';
import { errorBeside, presentScreen, problemsOn, type Run, scopeOf, shownOn } from '../flow/run.js';
import { Icon } from '../parts/icons.js';
import { holdFocus, IconButton } from '../parts/parts.js';
import { texts } from '../texts.js';
import { CheckboxGroup, ChipsSelector, Dropdown, NavigationList, RadioButtonsGroup } from './choices.js';
import { CalendarPicker, DatePicker } from './dates.js';
import './flow.css';
import { OptIn, TextArea, TextInput } from './inputs.js';
import { FilePicker, Image, ImageCarousel } from './media.js';
import type { Part } from './part.js';
import { type Runner, type Trouble, useRunner } from './runner.js';
import type { FlowSource, Opening } from './source.js';
import { RichText, TextPart } from './text.js';

/** How each component is drawn; the footer stands apart. */
const PARTS: Readonly<Record<string, (part: Part) => VNode | null>> = {
  TextHeading: TextPart,
  TextSubheading: TextPart,
  TextBody: TextPart,
  TextCaption: TextPart,
  RichText,
  TextInput,
  TextArea,
  OptIn,
  CheckboxGroup,
  RadioButtonsGroup,
  ChipsSelector,
  Dropdown,
  DatePicker,
  CalendarPicker,
  Image,
  ImageCarousel,
  EmbeddedLink,
  PhotoPicker: FilePicker,
  DocumentPicker: FilePicker,
  NavigationList,
};

interface Props {
  opening: Opening;
  source: FlowSource;
  businessName: string;
  /** What stands above the screens, of a draft or a preview. */
  note: string;
  close(): void;
  finish(response: unknown): void;
}

/** The flow, until it is closed or done. It has the focus. */
export function FlowScreen({ opening, source, businessName, note, close, finish }: Props) {
  const runner = useRunner(opening, source, { close, finish });
  const box = useRef<HTMLDivElement>(null);
  const title = runner.run === undefined ? undefined : presentScreen(runner.run)?.title;
  const isFirst = (runner.run?.visits.length ?? 0) <= 1;
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => box.current?.focus({ preventScroll: true }), [runner.steps]);
  return (
    <div
      class="flow"
      role="dialog"
      aria-modal="true"
      aria-label={title || opening.name}
      aria-busy={runner.isAsking}
      tabIndex={-1}
      ref={box}
      onKeyDown={(event) => holdFocus(event, box.current, close)}
    >
      <header class="flow-head">
        <IconButton
          icon={isFirst ? 'close' : 'back'}
          label={isFirst ? texts.close : texts.back}
          onClick={runner.back}
        />
        <h2>{title || opening.name}</h2>
      </header>
      {note === '' ? null : <p class="flow-note">{note}</p>}
      {runner.run === undefined ? null : <Content run={runner.run} runner={runner} upload={source.upload} box={box} />}
      {runner.run === undefined && runner.isAsking ? <p class="flow-waiting">{texts.flow.loading}</p> : null}
      {runner.isAsking ? <div class="flow-progress" role="progressbar" aria-label={texts.flow.asking} /> : null}
      {runner.notice === '' ? null : (
        <p class="flow-notice" role="alert">
          {runner.notice}
        </p>
      )}
      {runner.trouble === undefined ? null : <TroubleBox trouble={runner.trouble} runner={runner} close={close} />}
      <p class="flow-managed">{texts.flow.managedBy(businessName)}</p>
    </div>
  );
}

interface ContentProps {
  run: Run;
  runner: Runner;
  upload: FlowSource['upload'];
  box: { current: HTMLDivElement | null };
}

function Content({ run, runner, upload, box }: ContentProps) {
  const scope = scopeOf(run);
  const shown = shownOn(run);
  const footer = shown.find(({ component }) => component.type === 'Footer')?.component;
  const screen = presentScreen(run)?.id ?? '';
  const partOf = (each: Shown): Part => {
    const name = textOf(each.component.name);
    return {
      component: each.component,
      scope,
      id: idOf(screen, each.key),
      value: scope.form[name],
      error: isInput(each.component) ? errorBeside(run, each) : '',
      version: run.document.version,
      change: (value) => runner.change(name, value),
      act: (action) => action !== undefined && runner.act(action),
      upload,
    };
  };
  const goOn = () => {
    const [first] = problemsOn(run);
    runner.act(footer?.['on-click-action'], true);
    const wrong = shown.find(({ component }) => component.name === first?.name);
    if (first !== undefined && wrong !== undefined) reveal(box.current, idOf(screen, wrong.key));
  };
  return (
    <>
      <div class="flow-content" key={`${screen}:${run.visits.length}`}>
        {shown.map((each) => (
          <Drawn key={each.key} part={partOf(each)} />
        ))}
      </div>
      {footer === undefined ? null : <Footer footer={footer} scope={scope} isBusy={runner.isAsking} press={goOn} />}
    </>
  );
}

function idOf(screen: string, key: string): string {
  return `flow-${screen}${key.replaceAll('/', '-')}`;
}

/** Brings the first wrong input into view and gives it the focus. */
function reveal(box: HTMLElement | null, id: string): void {
  requestAnimationFrame(() => {
    const field = box?.querySelector<HTMLElement>(`#${CSS.escape(id)}, [id^="${CSS.escape(id)}-o-"]`);
    const near = field ?? box?.querySelector<HTMLElement>(`#${CSS.escape(`${id}-below`)}`);
    near?.scrollIntoView({ block: 'center' });
    field?.focus({ preventScroll: true });
  });
}

function Drawn({ part }: { part: Part }) {
  const type = textOf(part.component.type);
  if (type === 'Footer') return null;
  const Drawing = PARTS[type];
  if (Drawing === undefined) return <p class="flow-hint">{texts.flow.unknown(type)}</p>;
  return <Drawing {...part} />;
}

function EmbeddedLink({ component, scope, act }: Part) {
  return (
    <button type="button" class="flow-link" onClick={() => act(component['on-click-action'])}>
      {wordsOf(component, 'text', scope)}
    </button>
  );
}

interface FooterProps {
  footer: Component;
  scope: Part['scope'];
  isBusy: boolean;
  press(): void;
}

function Footer({ footer, scope, isBusy, press }: FooterProps) {
  const captions = ['left-caption', 'center-caption', 'right-caption']
    .map((name) => [name, wordsOf(footer, name, scope)] as const)
    .filter(([, text]) => text !== '');
  return (
    <footer class="flow-foot">
      {captions.length === 0 ? null : (
        <div class="flow-captions">
          {captions.map(([name, text]) => (
            <small key={name} class={`flow-${name}`}>
              {text}
            </small>
          ))}
        </div>
      )}
      <button
        type="button"
        class="primary wide"
        disabled={isBusy || !flagOf(footer, 'enabled', scope, true)}
        onClick={press}
      >
        {wordsOf(footer, 'label', scope)}
      </button>
    </footer>
  );
}

function TroubleBox({ trouble, runner, close }: { trouble: Trouble; runner: Runner; close(): void }) {
  const { said, detail, retry } = trouble;
  return (
    <div class="flow-trouble" role="alert">
      <Icon name="alert" size={26} />
      <strong>{said}</strong>
      <small>
        {texts.flow.noEndpoint} {detail}
      </small>
      <div class="flow-trouble-buttons">
        <button
          type="button"
          class="secondary"
          onClick={runner.run === undefined || retry === undefined ? close : runner.dismiss}
        >
          {texts.close}
        </button>
        {retry === undefined ? null : (
          <button type="button" class="primary" onClick={retry}>
            {texts.flow.tryAgain}
          </button>
        )}
      </div>
    </div>
  );
}
