package io.connectctl.compose.render;

import io.connectctl.compose.spec.Nearest;
import io.pebbletemplates.pebble.PebbleEngine;
import io.pebbletemplates.pebble.error.AttributeNotFoundException;
import io.pebbletemplates.pebble.error.PebbleException;
import io.pebbletemplates.pebble.extension.AbstractExtension;
import io.pebbletemplates.pebble.extension.AbstractNodeVisitor;
import io.pebbletemplates.pebble.extension.Extension;
import io.pebbletemplates.pebble.extension.ExtensionCustomizer;
import io.pebbletemplates.pebble.extension.Filter;
import io.pebbletemplates.pebble.extension.Function;
import io.pebbletemplates.pebble.extension.NodeVisitor;
import io.pebbletemplates.pebble.extension.NodeVisitorFactory;
import io.pebbletemplates.pebble.extension.escaper.SafeString;
import io.pebbletemplates.pebble.loader.Loader;
import io.pebbletemplates.pebble.node.PrintNode;
import io.pebbletemplates.pebble.node.expression.Expression;
import io.pebbletemplates.pebble.node.expression.LiteralStringExpression;
import io.pebbletemplates.pebble.template.EvaluationContextImpl;
import io.pebbletemplates.pebble.template.PebbleTemplateImpl;
import io.pebbletemplates.pebble.tokenParser.TokenParser;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Renders one template with Pebble. Variables are strict, every value is escaped for the file's {@link Format} and a
 * template can't switch that off, and nothing but the template itself can be read.
 */
final class Renderer {
    /** Tags that would read another file, switch the escaping off, or change what was escaped already. */
    private static final Set<String> REFUSED_TAGS =
            Set.of("autoescape", "cache", "embed", "extends", "filter", "from", "import", "include", "parallel");

    private static final Set<String> REFUSED_FILTERS = Set.of("raw", "escape");
    /** Would read resource bundles from the class path. */
    private static final Set<String> REFUSED_FUNCTIONS = Set.of("i18n");

    /** A line that holds nothing but tags and comments of the template. */
    private static final Pattern TAG_LINE =
            Pattern.compile("(?m)^[ \\t]*((?:\\{%(?:(?!%\\}).)*%\\}|\\{#(?:(?!#\\}).)*#\\})+)[ \\t]*\\R");

    private Renderer() {}

    /**
     * Renders {@code template}.
     *
     * @param variables what it may use: strings, numbers, booleans, and lists and maps of them
     */
    static String render(Template template, Map<String, Object> variables) throws RenderException {
        Format format = Format.of(template.name());
        checkPlaces(template, format);
        PebbleEngine engine = new PebbleEngine.Builder()
                .loader(new SingleLoader(template.name(), withoutTagLines(template.text())))
                .extension(new Escaping(format))
                .registerExtensionCustomizer(Restricted::new)
                .strictVariables(true)
                // Pebble's own; ours is Escaping.
                .autoEscaping(false)
                .newLineTrimming(false)
                .cacheActive(false)
                .defaultLocale(Locale.ROOT)
                .build();
        StringWriter text = new StringWriter();
        try {
            engine.getTemplate(template.name()).evaluate(text, variables);
        } catch (AttributeNotFoundException e) {
            throw new RenderException(
                    place(template, e.getLineNumber()) + "unknown variable '" + e.getAttributeName() + "'."
                            + Nearest.of(e.getAttributeName(), names(variables))
                                    .map(name -> " Did you mean '" + name + "'?")
                                    .orElse(" templates/README.md lists them."),
                    e);
        } catch (PebbleException e) {
            throw new RenderException(place(template, e.getLineNumber()) + explain(e), e);
        } catch (IOException e) {
            throw new RenderException(template.origin() + ": can't be rendered: " + e.getMessage(), e);
        }
        return text.toString();
    }

    private static String place(Template template, @Nullable Integer line) {
        return template.origin() + (line == null ? "" : ":" + line) + ": ";
    }

    private static String explain(PebbleException e) {
        String message = Objects.requireNonNullElse(e.getPebbleMessage(), "the template is malformed");
        for (String tag : REFUSED_TAGS) {
            if (message.startsWith("Unexpected tag name \"" + tag + "\"")) {
                return "the tag '" + tag
                        + "' isn't available: a template reads no other file and can't switch escaping off";
            }
        }
        return message;
    }

    /** Every name in the variables, also those within, for suggestions. */
    private static Set<String> names(Map<String, Object> variables) {
        Set<String> names = new TreeSet<>();
        collect(variables, names);
        return names;
    }

    private static void collect(Object value, Set<String> names) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> {
                names.add(String.valueOf(key));
                collect(inner, names);
            });
        } else if (value instanceof List<?> list) {
            list.forEach(inner -> collect(inner, names));
        }
    }

    /**
     * Takes the line end of a line that holds only tags into its last tag, where Pebble skips it but still counts it: no
     * blank lines in the result, and right line numbers in errors.
     */
    private static String withoutTagLines(String text) {
        return TAG_LINE.matcher(text).replaceAll(match -> {
            String tags = match.group(1);
            return Matcher.quoteReplacement(
                    tags.substring(0, tags.length() - 2) + "\n" + tags.substring(tags.length() - 2));
        });
    }

    /**
     * Refuses a placeholder inside quotes or a comment where values bring their own quotes: there, a value's quote would
     * end the template's.
     */
    private static void checkPlaces(Template template, Format format) throws RenderException {
        if (!format.quoted()) {
            return;
        }
        String text = template.text();
        Quotes quotes = new Quotes(format);
        int line = 1;
        int i = 0;
        while (i < text.length()) {
            Optional<String> close = i + 1 < text.length() ? closing(text.substring(i, i + 2)) : Optional.empty();
            if (close.isPresent()) {
                boolean print = text.charAt(i + 1) == '{';
                if (print && (quotes.place() != Quotes.Place.BARE || quotes.escaped())) {
                    throw new RenderException(template.origin() + ":" + line
                            + ": {{ ... }} stands in quotes or in a comment. Write it bare: it brings its own quotes");
                }
                int end = text.indexOf(close.get(), i + 2);
                end = end < 0 ? text.length() : end + 2;
                line += (int)
                        text.substring(i, end).chars().filter(c -> c == '\n').count();
                if (print) {
                    quotes.next('x');
                }
                i = end;
            } else {
                if (format == Format.SHELL
                        && text.startsWith("<<", i)
                        && quotes.place() == Quotes.Place.BARE
                        && !quotes.escaped()) {
                    throw new RenderException(template.origin() + ":" + line
                            + ": here-documents aren't available in templates: a value could end one. Use printf");
                }
                if (text.charAt(i) == '\n') {
                    line++;
                }
                quotes.next(text.charAt(i));
                i++;
            }
        }
    }

    private static Optional<String> closing(String opening) {
        return switch (opening) {
            case "{{" -> Optional.of("}}");
            case "{%" -> Optional.of("%}");
            case "{#" -> Optional.of("#}");
            default -> Optional.empty();
        };
    }

    /** Serves one text and nothing else. */
    private record SingleLoader(String name, String text) implements Loader<String> {
        @Override
        public Reader getReader(String key) {
            if (!key.equals(name)) {
                throw new PebbleException(null, "a template can't read other files: " + key);
            }
            return new StringReader(text);
        }

        @Override
        public void setCharset(String charset) {}

        @Override
        public void setPrefix(String prefix) {}

        @Override
        public void setSuffix(String suffix) {}

        @Override
        public String resolveRelativePath(String relativePath, String anchorPath) {
            return relativePath;
        }

        @Override
        public String createCacheKey(String templateName) {
            return templateName;
        }

        @Override
        public boolean resourceExists(String templateName) {
            return templateName.equals(name);
        }
    }

    /** Pebble's own extensions, without what would let a template or a value out. */
    private static final class Restricted extends ExtensionCustomizer {
        Restricted(Extension extension) {
            super(extension);
        }

        @Override
        public @Nullable List<TokenParser> getTokenParsers() {
            List<TokenParser> parsers = super.getTokenParsers();
            if (parsers == null) {
                return null;
            }
            List<TokenParser> kept = new ArrayList<>(parsers);
            kept.removeIf(parser -> REFUSED_TAGS.contains(parser.getTag()));
            return kept;
        }

        @Override
        public @Nullable Map<String, Filter> getFilters() {
            Map<String, Filter> filters = super.getFilters();
            if (filters == null) {
                return null;
            }
            Map<String, Filter> kept = new HashMap<>(filters);
            kept.keySet().removeAll(REFUSED_FILTERS);
            return kept;
        }

        @Override
        public @Nullable Map<String, Function> getFunctions() {
            Map<String, Function> functions = super.getFunctions();
            if (functions == null) {
                return null;
            }
            Map<String, Function> kept = new HashMap<>(functions);
            kept.keySet().removeAll(REFUSED_FUNCTIONS);
            return kept;
        }
    }

    /** Puts {@link Escaped} around every printed expression; what the author of the template wrote literally stays. */
    private static final class Escaping extends AbstractExtension {
        private final Format format;

        Escaping(Format format) {
            this.format = format;
        }

        @Override
        public List<NodeVisitorFactory> getNodeVisitors() {
            return List.of(template -> new AbstractNodeVisitor((PebbleTemplateImpl) template) {
                @Override
                public void visit(PrintNode node) {
                    if (!(node.getExpression() instanceof LiteralStringExpression)) {
                        node.setExpression(new Escaped(format, node.getExpression(), node.getLineNumber()));
                    }
                }
            });
        }
    }

    /** A printed expression, escaped for the file's format. */
    private record Escaped(Format format, Expression<?> printed, int line) implements Expression<Object> {
        @Override
        public Object evaluate(PebbleTemplateImpl self, EvaluationContextImpl context) {
            Object value = printed.evaluate(self, context);
            if (value == null) {
                throw new PebbleException(null, "the value is missing", line, self.getName());
            }
            if (value instanceof SafeString || value instanceof Number) {
                return value;
            }
            if (value instanceof Map || value instanceof Iterable) {
                throw new PebbleException(
                        null, "a list or a map can't be printed whole; go over it with for", line, self.getName());
            }
            try {
                return new SafeString(format.escape(value.toString()));
            } catch (IllegalArgumentException e) {
                throw new PebbleException(e, Objects.requireNonNull(e.getMessage()), line, self.getName());
            }
        }

        @Override
        public int getLineNumber() {
            return line;
        }

        @Override
        public void accept(NodeVisitor visitor) {
            visitor.visit(this);
        }
    }
}
