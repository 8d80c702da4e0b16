"""The forms of the Connecting page. Fields that may hold a token are never rendered back."""

from django import forms

from core.actor import Scope

LIFETIMES = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "a year")]
REACHES = [
    ("read", "Read"),
    ("read write", "Read and change"),
    ("read write admin", "Read, change and administer"),
]


class TokenForm(forms.Form):
    name = forms.CharField(label="Name", max_length=60, help_text="what it is for")
    reach = forms.ChoiceField(label="It may", choices=REACHES, help_text="your roles are the limit in any case")
    days = forms.TypedChoiceField(label="Ends after", choices=LIFETIMES, coerce=int, initial="90")

    @property
    def scopes(self) -> list[str]:
        return [str(Scope(word)) for word in self.cleaned_data["reach"].split()]


class InspectForm(forms.Form):
    token = forms.CharField(
        label="A token",
        required=False,
        max_length=9_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="looked at and forgotten: neither stored nor logged",
    )
    request = forms.CharField(label="Or the id of a refused request", required=False, max_length=64)
    tenant = forms.CharField(label="A tenant to check", required=False, max_length=63)


class ConfigurationForm(forms.Form):
    configuration = forms.CharField(
        label="Your client's JSON",
        required=False,
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "6", "spellcheck": "false", "autocomplete": "off"}),
    )
