package Backup::Json;

# A strict reader of one JSON object, and a writer of plain values. All text is bytes of UTF-8.
#
# A value is [type, value]: a string's bytes, an integer's digits, an array's list of values; of
# an object inside the object only its type is kept. The reader is a loop with a stack of its own,
# so that no depth of nesting is too deep for it.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(printable read_object write_value);

my %ESCAPES = (
    '"' => '"', '\\' => '\\', '/' => '/', b => "\b", f => "\f", n => "\n", r => "\r", t => "\t",
);
my %WORDS = (true => ['true', 1], false => ['false', 0], null => ['null', undef]);

# How deep values are kept: the object's members, and what stands in their lists.
use constant KEPT_DEPTH => 2;

# The members of the object by key; dies with one line that says what is wrong.
sub read_object {
    my ($text) = @_;
    _check_utf8($text);
    pos($text) = 0;
    $text =~ /\G[ \t\n\r]*/gc;
    $text =~ /\G\{/gc or die "it is no JSON object\n";
    my $top = {type => 'object', members => {}, first => 1};
    my @open = ($top);
    while (@open) {
        my $here = $open[-1];
        $text =~ /\G[ \t\n\r]*/gc;
        if (_closed(\$text, $here)) {
            pop @open;
            next;
        }
        my $key = $here->{type} eq 'object' ? _key(\$text, $here) : undef;
        my ($value, $inner) = _value(\$text, scalar @open);
        push @open, $inner if $inner;
        if (defined $key) {
            $here->{members}{$key} = @open <= KEPT_DEPTH ? $value : undef;
        }
        elsif ($here->{items}) {
            push @{$here->{items}}, $value;
        }
    }
    $text =~ /\G[ \t\n\r]*/gc;
    _at_end($text) or die "something follows the JSON object\n";
    return $top->{members};
}

# Whether the innermost object or list ends here; a comma before the next element is consumed.
sub _closed {
    my ($text, $here) = @_;
    my $end = $here->{type} eq 'object' ? '}' : ']';
    return 1 if $$text =~ /\G\Q$end\E/gc;
    if (!$here->{first}) {
        $$text =~ /\G,[ \t\n\r]*/gc or die "a comma or $end is missing\n";
    }
    $here->{first} = 0;
    return 0;
}

sub _key {
    my ($text, $here) = @_;
    $$text =~ /\G"/gc or die "a key is missing\n";
    my $key = _string($text);
    die "the key " . printable($key) . " stands there twice\n" if exists $here->{members}{$key};
    $$text =~ /\G[ \t\n\r]*:[ \t\n\r]*/gc or die "a colon is missing\n";
    return $key;
}

# The value, and what was opened where it is an object or a list.
sub _value {
    my ($text, $depth) = @_;
    if ($$text =~ /\G"/gc) {
        return ['string', _string($text)];
    }
    if ($$text =~ /\G(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)/gc) {
        return $2 eq '' ? ['integer', $1] : ['number', "$1$2"];
    }
    if ($$text =~ /\G(true|false|null)(?![A-Za-z0-9_])/gc) {
        return $WORDS{$1};
    }
    if ($$text =~ /\G\{/gc) {
        return (['object', undef], {type => 'object', members => {}, first => 1});
    }
    if ($$text =~ /\G\[/gc) {
        my $items = $depth < KEPT_DEPTH ? [] : undef;
        return (['array', $items], {type => 'array', items => $items, first => 1});
    }
    die "a value is missing or is no JSON\n";
}

# The bytes of a string whose opening quote was read.
sub _string {
    my ($text) = @_;
    my $bytes = '';
    until ($$text =~ /\G"/gc) {
        if ($$text =~ /\G([^"\\\x00-\x1f]+)/gc) {
            $bytes .= $1;
        }
        elsif ($$text =~ /\G\\(["\\\/bfnrt])/gc) {
            $bytes .= $ESCAPES{$1};
        }
        elsif ($$text =~ /\G\\u([0-9A-Fa-f]{4})/gc) {
            $bytes .= _utf8(_code_point($text, hex $1));
        }
        else {
            die "a string is not closed, or holds what no JSON string may hold\n";
        }
    }
    return $bytes;
}

sub _code_point {
    my ($text, $unit) = @_;
    return $unit if $unit < 0xD800 || $unit > 0xDFFF;
    if ($unit < 0xDC00 && $$text =~ /\G\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})/gc) {
        return 0x10000 + (($unit - 0xD800) << 10) + (hex($1) - 0xDC00);
    }
    die "half of a surrogate pair stands alone\n";
}

sub _utf8 {
    my ($point) = @_;
    return pack 'C', $point if $point < 0x80;
    return pack 'C2', 0xC0 | $point >> 6, 0x80 | $point & 0x3F if $point < 0x800;
    return pack 'C3', 0xE0 | $point >> 12, 0x80 | $point >> 6 & 0x3F, 0x80 | $point & 0x3F
        if $point < 0x10000;
    return pack 'C4', 0xF0 | $point >> 18, 0x80 | $point >> 12 & 0x3F, 0x80 | $point >> 6 & 0x3F,
        0x80 | $point & 0x3F;
}

# A byte order mark is UTF-8, but no JSON: it falls to "no object".
sub _check_utf8 {
    my ($text) = @_;
    pos($text) = 0;
    while (
        $text =~ /\G[\x00-\x7F]+/gc
        || $text =~ /\G(?:[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF])/gc
        || $text =~ /\G(?:[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xED[\x80-\x9F][\x80-\xBF])/gc
        || $text =~ /\G(?:\xF0[\x90-\xBF]|[\xF1-\xF3][\x80-\xBF]|\xF4[\x80-\x8F])[\x80-\xBF]{2}/gc
        )
    {
    }
    _at_end($text) or die "it is no UTF-8\n";
    return;
}

sub _at_end { return (pos($_[0]) || 0) == length $_[0] }

# A value of plain perl as JSON: a hash, a list, a reference to "true" or "false", else text.
sub write_value {
    my ($value) = @_;
    if (ref $value eq 'HASH') {
        return '{' . join(', ', map { _quoted($_) . ': ' . write_value($value->{$_}) }
                sort keys %$value) . '}';
    }
    return '[' . join(', ', map { write_value($_) } @$value) . ']' if ref $value eq 'ARRAY';
    return $$value if ref $value;
    return _quoted($value);
}

sub _quoted {
    my ($text) = @_;
    $text = printable($text) if !eval { _check_utf8($text); 1 };
    $text =~ s/(["\\\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
    return qq{"$text"};
}

# Text of unknown origin for a person: what is not plain ASCII is replaced.
sub printable {
    my ($text) = @_;
    $text =~ s/[^\x20-\x7e\n\t]/?/g;
    return $text;
}

1;
