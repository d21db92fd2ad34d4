package io.connectctl.junit5;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The variables that {@code connectctl lease} and {@code connectctl env} print for a dotenv file: {@code KEY='value'} a line. */
final class Dotenv {
    private static final Pattern LINE = Pattern.compile("([A-Z_][A-Z0-9_]*)='([^']*)'");

    private Dotenv() {}

    /**
     * Reads all lines.
     *
     * @throws ConnectServerException for any other line; it isn't shown, as it may hold a secret
     */
    static Map<String, String> parse(String text) {
        Map<String, String> variables = new LinkedHashMap<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            if (line.isEmpty()) {
                continue;
            }
            Matcher variable = LINE.matcher(line);
            if (!variable.matches()) {
                throw new ConnectServerException("line " + number
                        + " of what connectctl printed isn't KEY='value': is it the connectctl that came with this extension?"
                        + " connectctl version tells");
            }
            variables.put(variable.group(1), variable.group(2));
        }
        return variables;
    }

    /** The value of a variable that must be there. */
    static String required(Map<String, String> variables, String name) {
        String value = variables.get(name);
        if (value == null || value.isEmpty()) {
            throw new ConnectServerException("connectctl printed no " + name
                    + ": is it the connectctl that came with this extension? connectctl version tells");
        }
        return value;
    }
}
