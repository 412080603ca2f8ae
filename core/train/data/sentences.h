// A long text cut into sentences, for a teacher to label each of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latformer::train {

// Cut behind . ! and ? (and quotes or brackets that follow them) where a space and then no lower-case letter comes, and
// at HTML's <br>, which reviews are full of. Without spaces around them; none is empty. It knows no abbreviations: for
// training it is no harm if a sentence is cut in two.
std::vector<std::string> sentences_of(std::string_view text);

}  // namespace latformer::train
