"""PURE. The numbers set by hand: by them camd tells which ink is one digit, and which way up it is.

What could be fitted is not here: the classifiers, their confidence, and what is around a glyph are
in the model file. Each of these was left out, or moved, on all labelled sets
(docs/lab/2026-12-01-fewer-numbers.md). Made a fifth less or a quarter greater, most change F1 by no
more than 0.002; without one it falls, or what is said here goes wrong. What only limits work, says
how finely something is looked at, or makes up a sign whose weight was fitted stays where it is
used.

Sizes are in heights of a digit, and shares of what is named, unless a unit is given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuned:
    # The light, and which pixels are ink: camd.segment.binarize, page

    reduced: int = 320
    """Pixels of the longer side to which a frame is reduced before its background is estimated, and
    to twice that where fine strokes must be seen. The usual frame sizes are multiples of it: OpenCV
    averages whole blocks of pixels four times as fast. A frame smaller than twice this is enlarged
    to twice its size, for strokes one or two pixels wide break."""
    stroke_share: float = 0.15
    """The thickest stroke taken for ink, as a share of the short side of the frame."""
    darkest: int = 32
    """The background is taken to be at least so bright, in grey levels. Dividing by less would turn
    the noise of the sensor in black areas into ink."""
    ink: float = 0.3
    """Share of the strongest ink nearby from which a pixel is ink."""
    faint_ink: float = 0.18
    """The same for the second look, in which broken strokes hold together."""
    solid: float = 0.85
    """Share of the strongest ink nearby from which a pixel is ink, whatever paper is said to show:
    where the stroke of a large digit fills whole blocks, they are taken for paper. From 0.75 on the
    dev images read the same; at 0.6 grain is ink."""
    grain: int = 80
    """Weaker ink than this, of 255, may be the grain of paper or the noise of a sensor, never
    solid: the dev images read the same without it, and bare paper does not."""
    faintest_ink: int = 14
    """Weaker ink than this, of 255, does not count, however clean the paper is."""
    part: float = 0.25
    """Least length of a part of a digit. Less is dust, of the least height of a digit, and not even
    counted."""
    near: float = 0.22
    """How far apart parts of a digit may be. Of 86 broken digits of MNIST's test that were drawn on
    sheets more are read than with half of it; of the dev images it makes no difference."""
    short_share: float = 0.05
    """Greatest share of the ink that may belong to characters lower than a crop in a frame that is
    read in half its size: such are mostly dots and scraps of faint rules."""
    few: int = 3
    """How many characters must be seen before the height of the writing or the slope of its rows is
    known; a comb has more teeth."""

    # Rules, combs and boxes: camd.segment.ruling, form_boxes

    long: float = 2.5
    """Least length of a rule, in heights of the writing, and greatest width of a digit."""
    long_alone: float = 0.5
    """Least length of a level rule where the height of the writing is not known, as a share of the
    long side of the frame. The strokes of a single large digit are shorter."""
    tall_alone: float = 0.95
    """The same for an upright rule, as a share of the frame's height, for a large 1 is shorter, or
    of the gap between two level rules that it joins."""
    rule_seen: float = 0.35
    """Least share of a rule's length that must be seen; strokes that cross it hide the rest, and a
    digit may cover most of one in a box or comb."""
    rule_drift: float = 0.02
    """How far a rule may bend away from its straight line, as a share of the distance past its
    end."""
    rule_thickest: int = 14
    """Greatest thickness of a rule, pixels."""
    rule_thicker: float = 1.7
    """The same, in mean stroke widths of its component."""
    teeth_uneven: float = 0.2
    """By what share the height of a tooth, and its distance from others, may differ from the usual
    one or a multiple of it."""
    teeth_apart: float = 0.8
    """Least distance of two teeth, in their heights: 1s stand closer."""
    box_square: float = 0.92
    """Least share of the tightest turned rectangle around it that the outline of a box encloses, or
    its hull where the outline is broken."""
    box_slim: float = 0.5
    """Least width of such a rectangle, in its lengths: a 1 is one stroke."""
    box_rim: float = 0.2
    """How deep within its outline the line of a box reaches at most, in halves of its lesser side;
    what is thicker is a filled one."""
    box_on_rim: float = 0.8
    """Least share of the ink of an empty box that lies on its rim, for a 5 has as square a hull;
    and least share of the rim that is ink, where a digit touches it."""

    # One glyph: camd.segment.segmentation, glyphs, halo, crop

    narrowest: int = 3
    """Least width of a digit, pixels: finer lines come from the camera's own compression. Without
    it 4 more digits are false on 19 images without."""
    thickest: float = 0.45
    """Greatest stroke width of a glyph. What is thicker would also count as strong ink, beside
    which a pencil is faint."""
    softest: float = 0.42
    """Most ink just outside a glyph, as a share of the ink in it. A stroke ends there; smudges,
    shadows and the grain of wood fade out. Of real digits one in a hundred lies above 0.4."""
    faintest: float = 0.25
    """Least ink of a glyph, as a share of the strong ink of its frame. What is fainter is a smudge,
    or writing on the other side of the sheet that shines through."""
    cleared: float = 0.35
    """A pixel beside a stroke is paper if it is lighter than the stroke by this share of the way
    from the stroke to the brightest quarter of the surroundings."""
    surrounded: float = 0.65
    """Least share of a stroke's surroundings that is paper. A stroke has paper on all sides, the
    edge of a sheet, a hand or a shadow on one. Few real digits have less than 0.8, few edges over
    0.6."""
    thinnest: float = 1.9
    """Strokes of the crop are at least so wide, pixels: those of MNIST are hardly thinner."""
    soft_rim: int = 40
    """Ink weaker than this, of 255, does not count for the size of the box of 20x20."""

    # Which ink is one digit: camd.hypotheses.cuts, seams, unions, parts, select

    wide: float = 0.72
    """A glyph is cut if it is at least so many heights wide."""
    certain: float = 0.7
    """From this confidence in a single digit on, a glyph that is not higher than a row is not
    cut."""
    tall: float = 1.6
    """What may stand in several rows is at least so many times as high as the digits beside it, and
    a piece of it, or of a row, lies between two cuts that are at most so far apart."""
    joined_tall: float = 1.9
    """One digit of two parts is at most so many times as high as the higher one: two 1s are not."""
    rows_narrowest: float = 0.35
    """Least width of what may stand in several rows, in heights of a row: braces and scraps of
    rules are narrower, and would be several 1s."""
    shortest: float = 0.5
    """Least height of a piece, in heights of the whole: digits that touch are of a size."""
    row_shortest: float = 0.1
    """How large what is cut off from a row has to be, along the cut, in heights: it may be a 1."""
    cuts_apart: int = 2
    """Cuts whose means are closer than this are one, pixels of 24 a digit's height."""
    twice: float = 2.0
    """What it costs a cut to go through ink again: digits touch in one place, a 0 has two sides."""
    cut: float = -1.95
    """What speaks for several digits side by side in one glyph, beside what the classifier says, in
    logits: words are wide, too. Moved by 1, F1 of the dev images changes by 0.001."""
    mended: float = 1.0
    """What speaks for digits of several rows in one glyph, and for one digit in several, in logits:
    two digits are seldom so near each other. At 0 one table has 3 more false digits."""
    size: float = 8.0
    """What speaks against a digit that is not as high as those beside it, in logits a squared
    natural logarithm: twice as high counts 3.8. From 4 to 18 the dev images read the same; at 0
    images without digits have 0.2 false ones each."""
    reach: float = 4.0
    """Digits so far to the left and right are beside a glyph, and in its row."""
    close: float = 0.1
    """What is read so near a scrap that no digit explains is doubted: segments of a display look
    like 1s and 7s, and the bars between them are scraps. Without it 3 of 35 right values of
    displays are `unsure`, for the segments are read as well; with 0.2 F1 of the dev images is 0.004
    lower."""
    doubt: float = 0.5
    """What the confidence of such a one is multiplied by."""
    shared: float = 0.3
    """Share of the smaller of two boxes that both cover, from which they contend, or a mark is a
    part of a digit. With 0.15 and 0.5 F1 of the dev images is within 0.001."""
    later: float = 1.5
    """What a digit of the lower threshold is worth less, in logits: where both say about the same,
    the usual one counts. From 0 to 2.5 F1 of the dev images is within 0.004; but a region is
    `unsure` where a digit was mended."""
    sure: float = 0.83
    """Confidence from which a digit surely is one. Without any at the usual threshold nothing is
    looked at again. And a picture is turned only where the mean of its digits is so sure, the
    surroundings asked. With 0.86 F1 of images turned by 45 degrees is 0.015 lower; at 45 and 225
    degrees no more digits are false than with that."""

    # What is around it: camd.hypotheses.surroundings

    in_region: float = 5.0
    """How many times as likely a digit is in a region that somebody drew as elsewhere, as odds.
    Without this a lone 1 there, as sure as its shape can make it, has 0.6, and is `unsure`."""
    support: float = 4.0
    """At most so many times are the odds of the classifier raised: a place in a number says that
    there is a digit, and not which. Without this 35 of 4,871 sure digits are wrong, and not 18 of
    4,741."""

    # Which way up: camd.segment.deskew, camd.hypotheses.directions, camd.pipeline

    least_slope: float = 6.0
    """Degrees. A smaller slope of rows may be the slant of the hand, and is read as well without
    turning."""
    alike: float = 1.7
    """Only glyphs whose height is between 1/1.7 and 1.7 of the usual one tell the slope."""
    line: float = 0.2
    """A line is long, and tells the direction, from this share of the picture's longer side on."""
    clearly: float = 1.15
    """How many times as much a reading has to be worth before the picture is turned for it, or its
    other polarity leads."""
    more: float = 0.95
    """And by so much more, sure digits: one lone digit does not turn a picture."""
    well: float = 0.93
    """Worth, a glyph, of what reads well."""
    many: float = 0.2
    """Least worth, a glyph, of what a picture is turned for: of a page of words some letters look
    like digits, whichever way up it is."""


TUNED = Tuned()
