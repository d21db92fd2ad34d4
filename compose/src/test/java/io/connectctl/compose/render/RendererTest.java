package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RendererTest {
    private static final Map<String, Object> VARIABLES =
            Map.of("driverMemory", "1g", "conf", List.of(Map.of("key", "a", "value", "b")), "secret", "hun\0ter2");

    private static String render(String name, String text) throws RenderException {
        return Renderer.render(new Template(name, "/overlay/" + name, text), VARIABLES);
    }

    @Test
    void anUnknownVariableIsNamedWithItsLineAndTheNearestOne() {
        assertThatThrownBy(() -> render("x.conf", "a=1\n{% if true %}\nb=2\n{% endif %}\nm={{ drivrMemory }}\n"))
                .isInstanceOf(RenderException.class)
                .hasMessage("/overlay/x.conf:5: unknown variable 'drivrMemory'. Did you mean 'driverMemory'?");
    }

    @Test
    void anUnknownVariableLikeNoneNamesTheList() {
        assertThatThrownBy(() -> render("x.conf", "{{ zebra }}"))
                .hasMessage("/overlay/x.conf:1: unknown variable 'zebra'. templates/README.md lists them.");
    }

    @Test
    void anUnknownPartOfAVariableIsNamedWithItsLine() {
        assertThatThrownBy(() -> render("x.conf", "{% for s in conf %}\n{{ s.valeu }}\n{% endfor %}\n"))
                .hasMessageContaining("/overlay/x.conf:2: unknown variable 'valeu'. Did you mean 'value'?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=1\n{% if true %}", "a=1\n{% wrong %}", "a=1\n{{ 1 + }}", "a=1\n{{ driverMemory"})
    void aMalformedTemplateIsNamedWithItsLine(String text) {
        assertThatThrownBy(() -> render("x.conf", text))
                .isInstanceOf(RenderException.class)
                .hasMessageMatching("(?s)/overlay/x\\.conf:\\d+: .+");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% include '/etc/passwd' %}",
                "{% import '/etc/passwd' %}",
                "{% extends '/etc/passwd' %}",
                "{% embed '/etc/passwd' %}{% endembed %}",
                "{% from '/etc/passwd' import x %}",
                "{% autoescape false %}{{ driverMemory }}{% endautoescape %}",
                "{{ driverMemory | raw }}",
                "{{ driverMemory | escape(\"html\") }}",
                "{{ i18n('messages', 'x') }}"
            })
    void aTemplateReadsNoOtherFileAndKeepsTheEscaping(String text) {
        assertThatThrownBy(() -> render("x.conf", text))
                .isInstanceOf(RenderException.class)
                .hasMessageStartingWith("/overlay/x.conf:1: ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "x.sh|echo \"{{ driverMemory }}\"",
                "x.sh|echo '{{ driverMemory }}'",
                "x.sh|# {{ driverMemory }}",
                "x.sh|echo \\{{ driverMemory }}",
                "x.sh|cat <<END",
                "java.options|\"-Dx={{ driverMemory }}\"",
                "java.options|# {{ driverMemory }}"
            })
    void aValueInsideQuotesOrACommentIsRefused(String name, String text) {
        assertThatThrownBy(() -> render(name, "true\n" + text + "\n"))
                .isInstanceOf(RenderException.class)
                .hasMessageStartingWith("/overlay/" + name + ":2: ");
    }

    @Test
    void aValueThatCannotBeWrittenIsRefusedWithoutBeingShown() {
        assertThatThrownBy(() -> render("x.sh", "\n\necho {{ secret }}"))
                .hasMessage("/overlay/x.sh:3: the value has character U+0000, which no program can be given")
                .message()
                .doesNotContain("hun");
    }

    @Test
    void anUnknownFormatTakesPlainValuesOnly() throws Exception {
        assertThat(render("notes.txt", "{{ driverMemory }}")).isEqualTo("1g");
        assertThatThrownBy(() -> Renderer.render(new Template("notes.txt", "notes.txt", "{{ v }}"), Map.of("v", "a b")))
                .hasMessageContaining("notes.txt:1: the value has character U+0020");
    }

    @Test
    void whatATemplateComputesIsEscapedToo() throws Exception {
        String text =
                "{% macro m(v) %}{{ v }}{% endmacro %}{% set s = v %}{{ s }} {{ v ~ v }} {{ true ? v : 1 }} {{ m(v) }} {{ v | upper }} {{ \"'\" }}";

        assertThat(Renderer.render(new Template("x.sh", "x.sh", text), Map.of("v", "a'b")))
                .isEqualTo("'a'\\''b' 'a'\\''ba'\\''b' 'a'\\''b' 'a'\\''b' 'A'\\''B' '");
    }

    @Test
    void aListIsNotPrintedWhole() {
        assertThatThrownBy(() -> render("x.conf", "{{ conf }}")).hasMessageContaining("go over it with for");
    }

    @Test
    void linesOfTagsLeaveNoBlankLines() throws Exception {
        assertThat(render("x.conf", "a\n  {% if true %}\n{# note #}\nb={{ driverMemory }}\n{% endif %}\nc\n"))
                .isEqualTo("a\nb=1g\nc\n");
    }
}
