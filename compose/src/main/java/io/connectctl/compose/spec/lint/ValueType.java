package io.connectctl.compose.spec.lint;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the value of a key must be, as the catalogue writes it ({@code int>0}, {@code bytes:m}, {@code anycase:A|B}), and read as
 * Spark reads it (ConfigHelpers, JavaUtils.timeStringAs and byteStringAs of 3.4 to 4.2).
 */
record ValueType(String name, String argument, String bounds) {
    private static final Pattern SHAPE =
            Pattern.compile("(boolean|int|long|double|bytes|time|enum|anycase)(?::([^<>=]*))?([<>=01]*)");
    private static final Pattern MEASURE = Pattern.compile("(-?[0-9]{1,18})([a-z]+)?");
    private static final Pattern LOOSE =
            Pattern.compile("(\\d{1,6})(?:\\.(\\d{1,3}))?\\s*([a-z]+)?\\.?", Pattern.CASE_INSENSITIVE);
    private static final List<String> SIZES = List.of("b", "k", "kb", "m", "mb", "g", "gb", "t", "tb", "p", "pb");
    private static final List<String> TIMES = List.of("us", "ms", "s", "m", "min", "h", "d");
    private static final Map<String, String> UNITS = Map.ofEntries(
            Map.entry("us", "microseconds"),
            Map.entry("ms", "milliseconds"),
            Map.entry("s", "seconds"),
            Map.entry("min", "minutes"),
            Map.entry("h", "hours"),
            Map.entry("d", "days"),
            Map.entry("b", "bytes"),
            Map.entry("k", "KiB"),
            Map.entry("g", "GiB"),
            Map.entry("t", "TiB"));

    /** The type that the catalogue writes so; empty where any text will do. */
    static Optional<ValueType> of(String written) {
        Matcher matcher = SHAPE.matcher(written);
        return matcher.matches()
                ? Optional.of(new ValueType(
                        matcher.group(1), matcher.group(2) == null ? "" : matcher.group(2), matcher.group(3)))
                : Optional.empty();
    }

    /** True if Spark can read a value as this type. */
    boolean accepts(String value) {
        String text = value.strip();
        return switch (name) {
            case "boolean" -> text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false");
            case "enum" -> options().contains(value);
            case "anycase" -> options().stream().anyMatch(text::equalsIgnoreCase);
            case "bytes" -> measured(text, SIZES);
            case "time" -> measured(text, TIMES);
            default -> number(text).isPresent();
        };
    }

    /** True if a value that can be read is within the bounds. */
    boolean isWithin(String value) {
        Optional<Double> number = number(value.strip());
        if (number.isEmpty() || bounds.isEmpty()) {
            return true;
        }
        double it = number.get();
        boolean lower = !bounds.startsWith(">") || (bounds.startsWith(">=") ? it >= 0 : it > 0);
        boolean upper = !bounds.contains("<") || (bounds.contains("<=1") ? it <= 1 : it < 1);
        return lower && upper;
    }

    /** What a value must be, for a message: {@code a whole number above 0}. */
    String expected() {
        String range = bounds.replace(">=0", " from 0")
                .replace(">0", " above 0")
                .replace("<=1", " up to 1")
                .replace("<1", " below 1");
        return switch (name) {
            case "boolean" -> "true or false";
            case "int", "long" -> "a whole number" + range;
            case "double" -> "a number" + range;
            case "bytes" -> "a size" + range + " such as 64m (a bare number counts " + unit() + ")";
            case "time" -> "a duration" + range + " such as 30s (a bare number counts " + unit() + ")";
            default -> "one of " + String.join(", ", options());
        };
    }

    /** The unit of a bare number. */
    String unit() {
        return name.equals("bytes") && argument.equals("m")
                ? "MiB"
                : argument.equals("m") ? "minutes" : UNITS.getOrDefault(argument, argument);
    }

    /** A value that was probably meant. */
    Optional<String> suggestion(String value) {
        String text = value.strip().toLowerCase(Locale.ROOT);
        Optional<String> meant =
                switch (name) {
                    case "boolean" ->
                        switch (text) {
                            case "yes", "on", "1", "y", "t", "enabled", "enable" -> Optional.of("true");
                            case "no", "off", "0", "n", "f", "disabled", "disable" -> Optional.of("false");
                            default -> io.connectctl.compose.spec.Nearest.of(text, List.of("true", "false"), 1);
                        };
                    case "enum", "anycase" -> io.connectctl.compose.spec.Nearest.of(value.strip(), options());
                    case "bytes" -> size(text);
                    case "time" -> time(text);
                    case "int", "long" ->
                        Optional.of(text.replaceAll("[_,' ]", ""))
                                .map(digits ->
                                        digits.endsWith(".0") ? digits.substring(0, digits.length() - 2) : digits);
                    default ->
                        Optional.of(text.replace(',', '.'))
                                .map(number -> number.endsWith("%") ? percent(number) : number);
                };
        return meant.filter(known -> !known.equals(value)).filter(this::accepts).filter(this::isWithin);
    }

    private static String percent(String text) {
        String digits = text.substring(0, text.length() - 1).strip();
        return digits.matches("\\d{1,3}") ? String.valueOf(Integer.parseInt(digits) / 100.0) : text;
    }

    private static Optional<String> size(String text) {
        Matcher matcher = LOOSE.matcher(text);
        if (!matcher.matches() || matcher.group(3) == null) {
            return Optional.empty();
        }
        String unit = matcher.group(3).substring(0, 1);
        int index = "bkmgtp".indexOf(unit);
        if (index < 0) {
            return Optional.empty();
        }
        if (matcher.group(2) == null) {
            return Optional.of(matcher.group(1) + unit);
        }
        double exact = Double.parseDouble(matcher.group(1) + "." + matcher.group(2));
        return index == 0 ? Optional.empty() : Optional.of(Math.round(exact * 1024) + "" + "bkmgtp".charAt(index - 1));
    }

    private static Optional<String> time(String text) {
        Matcher matcher = LOOSE.matcher(text);
        if (!matcher.matches() || matcher.group(3) == null || matcher.group(2) != null) {
            return Optional.empty();
        }
        String unit = matcher.group(3);
        String known = unit.startsWith("mil") || unit.startsWith("ms")
                ? "ms"
                : unit.startsWith("mic") ? "us" : unit.startsWith("min") ? "min" : unit.substring(0, 1);
        return Optional.of(matcher.group(1) + known);
    }

    List<String> options() {
        return Arrays.asList(argument.split("\\|", -1));
    }

    private static boolean measured(String text, List<String> units) {
        Matcher matcher = MEASURE.matcher(text.toLowerCase(Locale.ROOT));
        return matcher.matches() && (matcher.group(2) == null || units.contains(matcher.group(2)));
    }

    /** The number in a value, whatever its unit: enough to tell its sign. */
    private Optional<Double> number(String text) {
        try {
            return switch (name) {
                case "int" -> Optional.of((double) Integer.parseInt(text));
                case "long" -> Optional.of((double) Long.parseLong(text));
                case "double" -> Optional.of(Double.parseDouble(text));
                case "bytes", "time" -> {
                    Matcher matcher = MEASURE.matcher(text.toLowerCase(Locale.ROOT));
                    yield matcher.matches() ? Optional.of(Double.parseDouble(matcher.group(1))) : Optional.empty();
                }
                default -> Optional.empty();
            };
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Bytes of a size as Spark reads it, a bare number in {@code bare} (b, k, m, ...); empty if it can't be read. */
    static Optional<Long> bytes(String value, String bare) {
        Matcher matcher = MEASURE.matcher(value.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches() || (matcher.group(2) != null && !SIZES.contains(matcher.group(2)))) {
            return Optional.empty();
        }
        String unit = matcher.group(2) == null ? bare : matcher.group(2).substring(0, 1);
        long number = Long.parseLong(matcher.group(1));
        int shift = 10 * "bkmgtp".indexOf(unit);
        return Math.abs(number) > (Long.MAX_VALUE >> shift) ? Optional.empty() : Optional.of(number << shift);
    }

    /** Milliseconds of a duration as Spark reads it; empty if it can't be read. */
    static Optional<Long> millis(String value, String bare) {
        Matcher matcher = MEASURE.matcher(value.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches() || matcher.group(1).length() > 12) {
            return Optional.empty();
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2) == null ? bare : matcher.group(2)) {
            case "us" -> Optional.of(number / 1000);
            case "ms" -> Optional.of(number);
            case "s" -> Optional.of(number * 1000);
            case "m", "min" -> Optional.of(number * 60_000);
            case "h" -> Optional.of(number * 3_600_000);
            case "d" -> Optional.of(number * 86_400_000);
            default -> Optional.empty();
        };
    }
}
