/**
 * The script of an evaluation's page, as text for an inline `<script>`: plots answer to the pointer, maps are drawn over their pictures,
 * and one slider cuts all maps at a share of their strongest score.
 */
export const EVALUATION_SCRIPT = String.raw`
'use strict';
(() => {
  const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  // Plots: the values of all series at the pointer, and series that can be switched off.
  for (const figure of document.querySelectorAll('.plot')) {
    const { area, range, xLabel, series } = JSON.parse(figure.dataset.plot);
    const svg = figure.querySelector('svg');
    const cursor = figure.querySelector('.cursor');
    const reading = figure.querySelector('.reading');
    const [xLow, xHigh] = range;
    const outputs = [...figure.querySelectorAll('output')];
    const show = (x) => {
      const share = (x - xLow) / (xHigh - xLow);
      const place = area.left + share * (area.right - area.left);
      cursor.setAttribute('x1', place);
      cursor.setAttribute('x2', place);
      cursor.classList.add('on');
      series.forEach((points, i) => {
        let nearest = points[0];
        for (const point of points) if (Math.abs(point[0] - x) < Math.abs(nearest[0] - x)) nearest = point;
        outputs[i].value = nearest[1].toFixed(1);
      });
      reading.textContent = 'At ' + Number(x.toPrecision(3)) + ' (' + xLabel + ').';
    };
    svg.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const place = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const share = (place - area.left) / (area.right - area.left);
      const x = xLow + Math.min(Math.max(share, 0), 1) * (xHigh - xLow);
      // Snap to where there is a measurement.
      let snapped = series[0][0][0];
      for (const points of series) for (const [known] of points) if (Math.abs(known - x) < Math.abs(snapped - x)) snapped = known;
      show(snapped);
    });
    svg.addEventListener('pointerleave', () => {
      cursor.classList.remove('on');
      reading.textContent = '';
      for (const output of outputs) output.value = '';
    });
    for (const button of figure.querySelectorAll('button')) {
      button.addEventListener('click', () => {
        const on = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', on);
        figure.querySelector('polyline[data-series="' + button.dataset.series + '"]').classList.toggle('off', !on);
      });
    }
  }

  // Maps.
  const gallery = document.querySelector('.gallery');
  if (gallery === null) return;
  const tables = { sequential: bytesOf(gallery.dataset.sequential), diverging: bytesOf(gallery.dataset.diverging) };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  /** Bilinear, half-pixel centres, edges clamped: as the maps were measured. */
  const scaled = (levels, height, width, outHeight, outWidth) => {
    const out = new Float32Array(outHeight * outWidth);
    for (let y = 0; y < outHeight; y++) {
      const fromY = clamp(((y + 0.5) * height) / outHeight - 0.5, 0, height - 1);
      const top = Math.floor(fromY), bottom = Math.min(top + 1, height - 1), dy = fromY - top;
      for (let x = 0; x < outWidth; x++) {
        const fromX = clamp(((x + 0.5) * width) / outWidth - 0.5, 0, width - 1);
        const left = Math.floor(fromX), right = Math.min(left + 1, width - 1), dx = fromX - left;
        const upper = levels[top * width + left] * (1 - dx) + levels[top * width + right] * dx;
        const lower = levels[bottom * width + left] * (1 - dx) + levels[bottom * width + right] * dx;
        out[y * outWidth + x] = (upper * (1 - dy) + lower * dy) / 255;
      }
    }
    return out;
  };

  const pictures = [...gallery.querySelectorAll('.example')].map((example) => {
    const image = example.querySelector('img.picture');
    const width = image.naturalWidth || image.width, height = image.naturalHeight || image.height;
    return { image, width, height, pixels: null, maskText: example.dataset.mask,
      maps: [...example.querySelectorAll('canvas')].map((canvas) => ({ canvas, scores: null, note: canvas.parentElement.querySelector('output') })) };
  });

  const prepare = (picture) => {
    const { image } = picture;
    const [width, height] = [picture.width, picture.height] = [image.naturalWidth, image.naturalHeight];
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    picture.pixels = context.getImageData(0, 0, width, height).data;
    if (picture.maskText) {
      const packed = bytesOf(picture.maskText);
      picture.mask = Uint8Array.from({ length: width * height }, (_, i) => (packed[i >> 3] >> (7 - (i & 7))) & 1);
    }
    for (const map of picture.maps) {
      const { levels, height: h, width: w } = map.canvas.dataset;
      map.canvas.width = width;
      map.canvas.height = height;
      map.scores = scaled(bytesOf(levels), Number(h), Number(w), height, width);
    }
  };

  const percent = (share) => (100 * share).toFixed(share < 0.0995 ? 1 : 0) + '\u00A0%';

  const draw = (picture, map, cut) => {
    const { width, height, pixels, mask } = picture;
    const signed = map.canvas.dataset.signed === 'true';
    const table = signed ? tables.diverging : tables.sequential;
    const context = map.canvas.getContext('2d');
    const out = context.createImageData(width, height);
    const strengths = map.scores.map((score) => (signed ? Math.abs(2 * score - 1) : score));
    const isIn = (i) => strengths[i] >= cut;
    let inside = 0, right = 0, wanted = 0;
    for (let i = 0; i < strengths.length; i++) {
      const [red, green, blue] = [pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]];
      const grey = 0.299 * red + 0.587 * green + 0.114 * blue;
      const x = i % width;
      const selected = isIn(i);
      if (selected) inside++;
      if (mask) { wanted += mask[i]; if (selected && mask[i]) right++; }
      const edge = cut > 0 && selected && ((x > 0 && !isIn(i - 1)) || (x < width - 1 && !isIn(i + 1)) || (i >= width && !isIn(i - width)) || (i < width * (height - 1) && !isIn(i + width)));
      const entry = 3 * Math.round(map.scores[i] * 255);
      const alpha = selected ? 0.85 * (0.22 + 0.78 * Math.sqrt(strengths[i])) : 0;
      [red, green, blue].forEach((channel, c) => {
        const under = selected ? grey + 0.35 * (channel - grey) : 0.3 * channel + 0.25 * grey;
        out.data[4 * i + c] = edge ? [255, 255, 255][c] : under + alpha * (table[entry + c] - under);
      });
      out.data[4 * i + 3] = 255;
    }
    context.putImageData(out, 0, 0);
    map.note.value = cut === 0 ? '' : percent(inside / strengths.length) + ' of the picture' +
      (mask && inside > 0 && wanted > 0 ? ', precision ' + percent(right / inside) + ', recall ' + percent(right / wanted) : '');
  };

  const slider = document.querySelector('#cut');
  const label = document.querySelector('#cut-value');
  let visible = new Set();
  const cutOf = () => Number(slider.value) / 100;
  const drawPicture = (picture) => {
    if (!picture.image.complete || picture.image.naturalWidth === 0) return;
    if (picture.pixels === null) prepare(picture);
    for (const map of picture.maps) draw(picture, map, cutOf());
  };
  // Only what is in sight is drawn: a page may hold many maps.
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const picture = pictures.find(({ image }) => image.closest('.example') === target);
      if (isIntersecting) { visible.add(picture); drawPicture(picture); } else visible.delete(picture);
    }
  }, { rootMargin: '400px' });
  for (const picture of pictures) {
    picture.image.addEventListener('load', () => drawPicture(picture));
    observer.observe(picture.image.closest('.example'));
  }
  let waiting = false;
  slider.addEventListener('input', () => {
    label.value = slider.value === '0' ? 'no cut' : 'at ' + slider.value + ' %';
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; for (const picture of visible) drawPicture(picture); });
  });
  const chosen = document.querySelector('#only');
  chosen.addEventListener('change', () => {
    for (const cell of gallery.querySelectorAll('figure[data-row]')) cell.hidden = chosen.value !== '' && cell.dataset.row !== chosen.value;
  });
})();
`;
