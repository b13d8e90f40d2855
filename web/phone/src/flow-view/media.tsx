// Pictures on the screens of flows, and the pickers for photos and documents.
import { useState } from 'preact/hooks';
import { flagOf, numberOf, resolve, wordsOf } from '../flow/binding.js';
import { textOf } from '../flow/expression.js';
import { pictureUrl } from '../flow/pictures.js';
import { fileCounts } from '../flow/validation.js';
import { Icon } from '../parts/icons.js';
import { IconButton } from '../parts/parts.js';
import { listAt, textAt } from '../pure/json.js';
import { texts } from '../texts.js';
import { Below, labelOf } from './field.js';
import type { Part } from './part.js';

const FILE_KIB_MAX = 25_600;
const KIB = 1024;
const PHOTOS = 'image/jpeg,image/png,image/webp';

/** Image. */
export function Image({ component, scope }: Part) {
  const [width, height] = [numberOf(component, 'width', scope), numberOf(component, 'height', scope)];
  const ratio = numberOf(component, 'aspect-ratio', scope);
  const style = [
    width === undefined ? '' : `width:${width}px`,
    height === undefined ? '' : `height:${height}px`,
    ratio === undefined ? '' : `aspect-ratio:${ratio}`,
    `object-fit:${wordsOf(component, 'scale-type', scope) === 'cover' ? 'cover' : 'contain'}`,
  ].join(';');
  const url = pictureUrl(wordsOf(component, 'src', scope));
  return url === '' ? null : (
    <img class="flow-image" src={url} alt={wordsOf(component, 'alt-text', scope)} style={style} />
  );
}

/** ImageCarousel. */
export function ImageCarousel({ component, scope }: Part) {
  const images = listAt(resolve(component.images, scope));
  const ratio = wordsOf(component, 'aspect-ratio', scope) === '16:9' ? '16/9' : '4/3';
  const fit = wordsOf(component, 'scale-type', scope) === 'cover' ? 'cover' : 'contain';
  return (
    // biome-ignore-start lint/a11y: a group that scrolls must be reachable by keyboard, and is no fieldset.
    <div class="flow-carousel" tabIndex={0} role="group" aria-label={texts.flow.images}>
      {images.map((image, index) => (
        <img
          key={index}
          src={pictureUrl(textAt(image, 'src'))}
          alt={textAt(image, 'alt-text') || texts.flow.image(index + 1, images.length)}
          style={`aspect-ratio:${ratio};object-fit:${fit}`}
        />
      ))}
    </div>
    // biome-ignore-end lint/a11y: a group that scrolls must be reachable by keyboard, and is no fieldset.
  );
}

/** PhotoPicker and DocumentPicker. */
export function FilePicker(part: Part) {
  const { component, scope, id, value, error } = part;
  const [problem, setProblem] = useState('');
  const isPhotos = component.type === 'PhotoPicker';
  const [, most] = fileCounts(component, isPhotos ? 'photos' : 'documents', scope);
  const kib = numberOf(component, 'max-file-size-kb', scope) ?? FILE_KIB_MAX;
  const types = listAt(resolve(component['allowed-mime-types'], scope)).map(textOf).join(',');
  const files = listAt(value);
  const add = async (chosen: readonly File[]) => {
    setProblem('');
    if (chosen.some((file) => file.size > kib * KIB)) return setProblem(texts.flow.wrong.fileTooLarge(kib));
    if (files.length + chosen.length > most) return setProblem(texts.flow.wrong.atMost(most));
    try {
      part.change([...files, ...(await Promise.all(chosen.map(part.upload)))]);
    } catch (failure) {
      setProblem(failure instanceof Error ? failure.message : texts.flow.failed);
    }
  };
  const shown = { ...part, error: problem || error };
  return (
    <div class={`flow-field${shown.error === '' ? '' : ' flow-wrong'}`}>
      <span class="flow-label">{labelOf(part)}</span>
      <p class="flow-hint">{wordsOf(component, 'description', scope)}</p>
      <ul class="flow-files">
        {files.map((file, index) => (
          <li key={textAt(file, 'id') || index}>
            <Icon name={isPhotos ? 'image' : 'file'} size={18} />
            <span>{textAt(file, 'file_name')}</span>
            <IconButton
              icon="close"
              size={16}
              label={texts.flow.removeFile(textAt(file, 'file_name'))}
              onClick={() => part.change(files.filter((each) => each !== file))}
            />
          </li>
        ))}
      </ul>
      <label class="flow-pick" for={id}>
        <Icon name="plus" size={18} /> {isPhotos ? texts.flow.addPhotos : texts.flow.addDocuments}
        <input
          id={id}
          class="hidden"
          type="file"
          multiple={most > 1}
          accept={isPhotos ? PHOTOS : types}
          disabled={!flagOf(component, 'enabled', scope, true)}
          aria-invalid={shown.error !== ''}
          aria-describedby={`${id}-below`}
          onChange={(event) => {
            const chosen = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = '';
            void add(chosen);
          }}
        />
      </label>
      <Below part={shown} hint="" />
    </div>
  );
}
