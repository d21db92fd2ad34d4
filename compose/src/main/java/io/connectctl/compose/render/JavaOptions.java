package io.connectctl.compose.render;

import io.connectctl.compose.spec.ServerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The JVM options of a server: split as Spark's launcher splits them, and what they say of heap and collector. */
public final class JavaOptions {
    private static final Pattern COLLECTOR = Pattern.compile("-XX:\\+Use\\w+GC");
    private static final Pattern HEAP = Pattern.compile("-Xmx.*|-XX:MaxHeapSize=.*");

    private static final String EXTRA = "spark.driver.extraJavaOptions";
    private static final String DEFAULT = "spark.driver.defaultJavaOptions";

    /** Variables that a JVM, or what starts it, reads options from by itself. */
    private static final List<String> VARIABLES =
            List.of("SPARK_SUBMIT_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");

    private JavaOptions() {}

    /**
     * Every option that the declaration gives the server's JVM, by whatever way; not those that the templates bring.
     *
     * @throws IllegalArgumentException if a quote isn't closed; the message holds no value
     */
    public static List<String> of(ServerSpec spec) {
        List<String> options = new ArrayList<>();
        VARIABLES.forEach(name -> options.addAll(split(spec.env().getOrDefault(name, ""))));
        List.of(DEFAULT, EXTRA).forEach(key -> options.addAll(split(spec.conf().getOrDefault(key, ""))));
        return List.copyOf(options);
    }

    /**
     * Splits an option string into arguments: the rules of {@code CommandBuilderUtils.parseOptionString} of Spark 3.4 to
     * 4.2, which has the quotes of a shell, but takes a backslash inside double quotes always as an escape. (Spark itself
     * damages characters beyond U+FFFF there; they stay whole here.)
     *
     * @throws IllegalArgumentException if a quote isn't closed; the message doesn't hold the text
     */
    static List<String> split(String text) {
        List<String> options = new ArrayList<>();
        StringBuilder option = new StringBuilder();
        boolean inOption = false;
        char quote = 0;
        boolean escaped = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (escaped) {
                option.append(c);
                escaped = false;
            } else if (c == '\\' && quote != '\'') {
                escaped = true;
                inOption = true;
            } else if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    option.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                inOption = true;
            } else if (Character.isWhitespace(c)) {
                if (inOption) {
                    options.add(option.toString());
                    option.setLength(0);
                    inOption = false;
                }
            } else {
                option.append(c);
                inOption = true;
            }
        }
        if (quote != 0 || escaped) {
            throw new IllegalArgumentException("a quote or an escape isn't closed");
        }
        if (inOption) {
            options.add(option.toString());
        }
        return options;
    }

    /** One argument as {@link #split} reads it back. */
    public static String join(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /** True if any option picks a garbage collector. */
    static boolean nameCollector(List<String> options) {
        return options.stream().anyMatch(option -> COLLECTOR.matcher(option).matches());
    }

    /** True if any option sets the heap, which Spark forbids: it has spark.driver.memory for that. */
    static boolean nameHeap(List<String> options) {
        return options.stream().anyMatch(option -> HEAP.matcher(option).matches());
    }
}
